package statuspage

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// The picture, in units of its view box: the plot with room for labels below and to the right.
const (
	plotWidth  = 720.0
	plotHeight = 160.0
	stripTop   = plotHeight + 6
)

// A chart is the throughput over time, ready to be drawn: the newest sample is at the right edge.
type chart struct {
	Received, Sent string // points of polylines
	Area           string // below Received
	Levels         []level
	Times          []mark
	States         []strip
	Summary        string
	NowReceived    string
	NowSent        string
}

type level struct {
	Y    float64
	Text string
}

type mark struct {
	X    float64
	Text string
}

// A strip is a time in one state of the session.
type strip struct {
	X, Width float64
	Class    string
	Text     string
}

// draw makes the picture; nil before there is anything to draw.
func draw(rates []rate, every time.Duration, size int) *chart {
	if len(rates) == 0 {
		return nil
	}
	span := every * time.Duration(size-1)
	last, highest := rates[len(rates)-1], 0.0
	for _, r := range rates {
		highest = max(highest, r.received, r.sent)
	}
	top := niceTop(highest)
	x := func(t time.Time) float64 { return max(plotWidth*(1-float64(last.at.Sub(t))/float64(span)), 0) }
	y := func(v float64) float64 { return plotHeight * (1 - v/top) }
	c := &chart{NowReceived: bytesText(last.received) + "/s", NowSent: bytesText(last.sent) + "/s"}
	var received, sent strings.Builder
	for _, r := range rates {
		fmt.Fprintf(&received, "%.1f,%.1f ", x(r.at), y(r.received))
		fmt.Fprintf(&sent, "%.1f,%.1f ", x(r.at), y(r.sent))
	}
	c.Received, c.Sent = strings.TrimSpace(received.String()), strings.TrimSpace(sent.String())
	c.Area = fmt.Sprintf("%.1f,%.1f %s %.1f,%.1f", x(rates[0].at), plotHeight, c.Received, plotWidth, plotHeight)
	for i := range 5 {
		v := top * float64(i) / 4
		c.Levels = append(c.Levels, level{y(v), bytesText(v) + "/s"})
	}
	for i := range 5 {
		before := span * time.Duration(4-i) / 4
		c.Times = append(c.Times, mark{plotWidth * float64(i) / 4, "−" + spanText(before)})
	}
	c.Times[4].Text = "now"
	c.States = strips(rates, x)
	c.Summary = fmt.Sprintf("Now %s received and %s sent; the highest in the last %s was %s/s.", c.NowReceived, c.NowSent, spanText(span), bytesText(highest))
	return c
}

// strips joins the samples of one state after another.
func strips(rates []rate, x func(time.Time) float64) (list []strip) {
	state, from := rates[0].state, rates[0].at
	end := func(at time.Time) {
		if width := x(at) - x(from); width > 0 {
			list = append(list, strip{x(from), width, classOf(state), state.String()})
		}
	}
	for _, r := range rates[1:] {
		if r.state != state {
			end(r.at)
			state, from = r.state, r.at
		}
	}
	end(rates[len(rates)-1].at)
	return list
}

// niceTop is a top of the scale whose quarters are whole: 1, 2, 4 … KiB/s and so on, 4 KiB/s at least.
func niceTop(highest float64) float64 { return math.Exp2(math.Ceil(math.Log2(max(highest, 4096)))) }
