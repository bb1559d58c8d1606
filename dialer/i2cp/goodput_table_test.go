package i2cp_test

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// goodput is what streams of ours and of i2pd's got on one link, in bytes a second.
type goodput struct {
	RTT          time.Duration
	Loss         float64 // in percent
	Streams      int     // of each; 0 is two of i2pd's, of which Ours is the one that got more
	Shared       bool    // both at once
	Ours, Theirs float64
}

type goodputs []goodput

var goodputHead = []string{"rtt_ms", "loss_percent", "streams", "at_once", "ours_bytes_per_s", "i2pd_bytes_per_s"}

func (g goodput) record() []string {
	return []string{
		strconv.FormatInt(g.RTT.Milliseconds(), 10), strconv.FormatFloat(g.Loss, 'g', -1, 64), strconv.Itoa(g.Streams),
		strconv.FormatBool(g.Shared), strconv.FormatFloat(g.Ours, 'f', 0, 64), strconv.FormatFloat(g.Theirs, 'f', 0, 64),
	}
}

func parseGoodput(r []string) (g goodput, err error) {
	if len(r) != len(goodputHead) {
		return g, fmt.Errorf("%d fields", len(r))
	}
	ms, err := strconv.Atoi(r[0])
	errs := []error{err}
	g.RTT = time.Duration(ms) * time.Millisecond
	note := func(err error) { errs = append(errs, err) }
	g.Loss, err = strconv.ParseFloat(r[1], 64)
	note(err)
	g.Streams, err = strconv.Atoi(r[2])
	note(err)
	g.Shared, err = strconv.ParseBool(r[3])
	note(err)
	g.Ours, err = strconv.ParseFloat(r[4], 64)
	note(err)
	g.Theirs, err = strconv.ParseFloat(r[5], 64)
	note(err)
	return g, errors.Join(errs...)
}

// save adds to the lines in a folder, and makes the table and the plot of all of them.
func (gs goodputs) save(dir string) error {
	file := filepath.Join(dir, "goodput.csv")
	all, err := loadGoodputs(file)
	if err != nil {
		return err
	}
	all = append(all, gs...)
	var text strings.Builder
	w := csv.NewWriter(&text)
	w.Write(goodputHead)
	for _, g := range all {
		w.Write(g.record())
	}
	w.Flush()
	return errors.Join(
		os.MkdirAll(dir, 0o755),
		os.WriteFile(file, []byte(text.String()), 0o644),
		os.WriteFile(filepath.Join(dir, "goodput.md"), []byte(all.markdown()), 0o644),
		os.WriteFile(filepath.Join(dir, "goodput.svg"), []byte(all.svg()), 0o644),
	)
}

func loadGoodputs(file string) (gs goodputs, err error) {
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	records, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, err
	}
	for i, r := range records {
		if i == 0 {
			continue
		}
		g, err := parseGoodput(r)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", file, i+1, err)
		}
		gs = append(gs, g)
	}
	return gs, nil
}

// mean returns the means over all runs of the same kind; ok is false if there was none.
func (gs goodputs) mean(like goodput) (ours, theirs float64, ok bool) {
	n := 0.0
	for _, g := range gs {
		if g.RTT == like.RTT && g.Loss == like.Loss && g.Streams == like.Streams && g.Shared == like.Shared {
			ours, theirs, n = ours+g.Ours, theirs+g.Theirs, n+1
		}
	}
	return ours / n, theirs / n, n > 0
}

// links returns each link once, in the order in which they came.
func (gs goodputs) links() (links []goodput) {
	seen := make(map[goodput]bool)
	for _, g := range gs {
		link := goodput{RTT: g.RTT, Loss: g.Loss}
		if !seen[link] {
			links = append(links, link)
		}
		seen[link] = true
	}
	return links
}

// markdown is a table of KB/s, ours beside i2pd's.
func (gs goodputs) markdown() string {
	var b strings.Builder
	b.WriteString("| RTT, loss | one stream: ours | i2pd | ratio | ten streams: ours | i2pd | ratio | at once: ours | i2pd | our share | two of i2pd's: more | less | share |\n")
	b.WriteString("|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n")
	for _, link := range gs.links() {
		fmt.Fprintf(&b, "| %d ms, %v %% |", link.RTT.Milliseconds(), link.Loss)
		for _, kind := range []goodput{{Streams: 1}, {Streams: 10}, {Streams: 1, Shared: true}, {Shared: true}} {
			kind.RTT, kind.Loss = link.RTT, link.Loss
			ours, theirs, ok := gs.mean(kind)
			switch {
			case !ok:
				b.WriteString(" | | |")
			case kind.Shared:
				fmt.Fprintf(&b, " %.0f | %.0f | %.0f %% |", ours/1000, theirs/1000, 100*ours/(ours+theirs))
			default:
				fmt.Fprintf(&b, " %.0f | %.0f | %.2f |", ours/1000, theirs/1000, ours/theirs)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// svg is a plot with two bars for each link: above of one stream, below of ten.
func (gs goodputs) svg() string {
	const (
		bar, gap, left, height, foot = 24, 24, 60, 160, 70
	)
	links := gs.links()
	width := left + len(links)*(2*bar+gap) + gap
	most := 1.0
	for _, g := range gs {
		most = max(most, g.Ours, g.Theirs)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="11">`+"\n", width, 2*(height+foot))
	fmt.Fprintf(&b, `<rect width="100%%" height="100%%" fill="white"/>`+"\n")
	for panel, streams := range []int{1, 10} {
		bottom := (panel+1)*(height+foot) - foot/2 - 10
		fmt.Fprintf(&b, `<text x="4" y="%d">%d stream(s), KB/s; dark: ours, light: i2pd over SAM</text>`+"\n", bottom-height-8, streams)
		for i, link := range links {
			ours, theirs, ok := gs.mean(goodput{RTT: link.RTT, Loss: link.Loss, Streams: streams})
			if !ok {
				continue
			}
			x := left + i*(2*bar+gap)
			for j, v := range []float64{ours, theirs} {
				h := v / most * (height - 20)
				fmt.Fprintf(&b, `<rect x="%d" y="%.1f" width="%d" height="%.1f" fill="%s"/>`+"\n", x+j*bar, float64(bottom)-h, bar-2, h, []string{"#244a7c", "#9bb9dd"}[j])
				fmt.Fprintf(&b, `<text x="%d" y="%.1f" text-anchor="middle" font-size="9">%.0f</text>`+"\n", x+j*bar+bar/2, float64(bottom)-h-2, v/1000)
			}
			fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="middle">%d ms</text><text x="%d" y="%d" text-anchor="middle">%v %%</text>`+"\n",
				x+bar, bottom+13, link.RTT.Milliseconds(), x+bar, bottom+26, link.Loss)
		}
	}
	b.WriteString("</svg>\n")
	return b.String()
}

// Lines of several runs make one table.
func TestGoodputTable(t *testing.T) {
	dir := t.TempDir()
	first := goodputs{
		{RTT: 50 * time.Millisecond, Loss: 1, Streams: 1, Ours: 900e3, Theirs: 800e3},
		{RTT: 50 * time.Millisecond, Loss: 1, Streams: 1, Shared: true, Ours: 400e3, Theirs: 600e3},
	}
	require.NoError(t, first.save(dir))
	require.NoError(t, goodputs{{RTT: 50 * time.Millisecond, Loss: 1, Streams: 1, Ours: 700e3, Theirs: 800e3}}.save(dir))
	all, err := loadGoodputs(filepath.Join(dir, "goodput.csv"))
	require.NoError(t, err)
	require.Len(t, all, 3)
	assert.Equal(t, first[1], all[1])
	table, err := os.ReadFile(filepath.Join(dir, "goodput.md"))
	require.NoError(t, err)
	assert.Contains(t, string(table), "| 50 ms, 1 % | 800 | 800 | 1.00 | | | | 400 | 600 | 40 % | | | |")
	plot, err := os.ReadFile(filepath.Join(dir, "goodput.svg"))
	require.NoError(t, err)
	assert.Equal(t, 3, strings.Count(string(plot), "<rect"))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "goodput.csv"), []byte("a\nb\n"), 0o600))
	assert.Error(t, first.save(dir))
}
