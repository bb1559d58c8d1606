package main

import (
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// Sizes of the plot, in pixels.
const (
	panelWidth, panelHeight = 430, 300
	marginLeft, marginTop   = 70, 50
	marginBottom, gap       = 60, 90
)

var colours = map[string]string{ours: "#1b6ca8", bare: "#555555", goSocks5: "#c1440e"}

// panel is one set of axes, both logarithmic.
type panel struct {
	title, unit string
	lines       []line
	x0          int // where it begins
}

type line struct {
	name   string
	points [][2]float64 // streams, value
}

// plot writes an SVG of what idle streams hold: memory, and descriptors.
func (r *results) plot(w io.Writer) error {
	var b strings.Builder
	width, height := 2*panelWidth+marginLeft+gap+30, panelHeight+marginTop+marginBottom
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n", width, height, width, height)
	fmt.Fprintf(&b, `<rect width="%d" height="%d" fill="#ffffff"/>`+"\n", width, height)
	r.panel("memory that idle streams hold", "MiB", "memory per idle stream", 1024, marginLeft).draw(&b)
	r.panel("descriptors that idle streams hold", "", "descriptors per idle stream", 1, marginLeft+panelWidth+gap).draw(&b)
	b.WriteString("</svg>\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// panel gathers the lines of a metric that is given for each stream. The plot shows what all of them hold.
func (r *results) panel(title, unit, metric string, per float64, x0 int) *panel {
	p := &panel{title: title, unit: unit, x0: x0}
	for _, name := range r.relays() {
		l := line{name: name}
		for _, row := range r.rows() {
			if s, ok := r.spread(name, row); ok && row.metric == metric && s.median > 0 {
				l.points = append(l.points, [2]float64{float64(row.streams), s.median * float64(row.streams) / per})
			}
		}
		if len(l.points) > 0 {
			p.lines = append(p.lines, l)
		}
	}
	return p
}

// span returns the powers of ten around all values on an axis.
func (p *panel) span(axis int) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, l := range p.lines {
		for _, point := range l.points {
			low, high = min(low, math.Floor(math.Log10(point[axis]))), max(high, math.Ceil(math.Log10(point[axis])-0.01))
		}
	}
	return low, max(high, low+1)
}

func (p *panel) draw(b *strings.Builder) {
	fmt.Fprintf(b, `<text x="%d" y="%d" font-size="15">%s</text>`+"\n", p.x0, marginTop-20, p.title)
	if len(p.lines) == 0 {
		fmt.Fprintf(b, `<text x="%d" y="%d">not measured</text>`+"\n", p.x0, marginTop)
		return
	}
	xLow, xHigh := p.span(0)
	yLow, yHigh := p.span(1)
	x := func(v float64) float64 { return float64(p.x0) + (math.Log10(v)-xLow)/(xHigh-xLow)*panelWidth }
	y := func(v float64) float64 {
		return marginTop + panelHeight - (math.Log10(v)-yLow)/(yHigh-yLow)*panelHeight
	}
	bottom := marginTop + panelHeight
	for e := xLow; e <= xHigh; e++ {
		at := x(math.Pow(10, e))
		fmt.Fprintf(b, `<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#dddddd"/><text x="%.1f" y="%d" text-anchor="middle">%g</text>`+"\n",
			at, marginTop, at, bottom, at, bottom+18, math.Pow(10, e))
	}
	for e := yLow; e <= yHigh; e++ {
		at := y(math.Pow(10, e))
		fmt.Fprintf(b, `<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/><text x="%d" y="%.1f" text-anchor="end">%g %s</text>`+"\n",
			p.x0, at, p.x0+panelWidth, at, p.x0-6, at+4, math.Pow(10, e), p.unit)
	}
	fmt.Fprintf(b, `<text x="%d" y="%d" text-anchor="middle">idle streams</text>`+"\n", p.x0+panelWidth/2, bottom+38)
	p.drawLines(b, x, y)
}

// drawLines draws the lines, each thinner than the one before, so that none hides another, and what they are called.
func (p *panel) drawLines(b *strings.Builder, x, y func(float64) float64) {
	for i, l := range p.lines {
		colour, width := colours[l.name], 5-1.5*float64(i)
		points := make([]string, len(l.points))
		for k, point := range l.points {
			points[k] = fmt.Sprintf("%.1f,%.1f", x(point[0]), y(point[1]))
			fmt.Fprintf(b, `<circle cx="%.1f" cy="%.1f" r="%.1f" fill="%s"/>`+"\n", x(point[0]), y(point[1]), width/2+2, colour)
		}
		fmt.Fprintf(b, `<polyline points="%s" fill="none" stroke="%s" stroke-width="%.1f"/>`+"\n", strings.Join(points, " "), colour, width)
		at := marginTop + 18 + 20*i
		last := slices.MaxFunc(l.points, func(a, b [2]float64) int { return int(a[0] - b[0]) })
		fmt.Fprintf(b, `<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="%.1f"/><text x="%d" y="%d">%s: %s %s at %.0f</text>`+"\n",
			p.x0+12, at-4, p.x0+36, at-4, colour, width, p.x0+44, at, html.EscapeString(l.name), number(last[1]), p.unit, last[0])
	}
}
