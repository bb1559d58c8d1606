package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// table prints the medians, with the least and the most where there are several, and how the first relay compares with the
// others.
func (r *results) table(w io.Writer, markdown bool) error {
	names := r.relays()
	titles := append([]string{""}, names...)
	for _, other := range names[min(1, len(names)):] {
		titles = append(titles, "/ "+other)
	}
	lines := [][]string{titles}
	for _, row := range r.rows() {
		cells := []string{row.String()}
		for _, name := range names {
			s, ok := r.spread(name, row)
			cells = append(cells, s.text(ok))
		}
		for _, other := range names[min(1, len(names)):] {
			cells = append(cells, r.ratio(row, names[0], other))
		}
		lines = append(lines, cells)
	}
	if markdown {
		return r.printMarkdown(w, lines)
	}
	return r.print(w, lines)
}

// ratio returns how a relay compares with another.
func (r *results) ratio(row row, name, other string) string {
	a, ok := r.spread(name, row)
	b, too := r.spread(other, row)
	if !ok || !too || b.median == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a.median/b.median)
}

func (s spread) text(ok bool) string {
	switch {
	case !ok:
		return ""
	case s.min == s.max:
		return number(s.median)
	}
	return fmt.Sprintf("%s (%s–%s)", number(s.median), number(s.min), number(s.max))
}

// number writes three digits, and no exponent.
func number(v float64) string {
	if v >= 100 || v <= -100 {
		return strconv.FormatFloat(v, 'f', 0, 64)
	}
	short := strconv.FormatFloat(v, 'g', 3, 64)
	if exact, err := strconv.ParseFloat(short, 64); err == nil {
		return strconv.FormatFloat(exact, 'f', -1, 64)
	}
	return short
}

func (r *results) print(w io.Writer, lines [][]string) error {
	fmt.Fprintln(w, strings.Join(r.header, "\n"))
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, line := range lines {
		fmt.Fprintln(tw, strings.Join(line, "\t")+"\t")
	}
	err := tw.Flush()
	for _, note := range r.notes {
		fmt.Fprintln(w, note)
	}
	return err
}

func (r *results) printMarkdown(w io.Writer, lines [][]string) error {
	var b strings.Builder
	for _, line := range r.header {
		fmt.Fprintf(&b, "- %s\n", line)
	}
	b.WriteByte('\n')
	for i, line := range lines {
		fmt.Fprintf(&b, "| %s |\n", strings.Join(line, " | "))
		if i == 0 {
			fmt.Fprintf(&b, "|---%s|\n", strings.Repeat("|--:", len(line)-1))
		}
	}
	b.WriteByte('\n')
	for _, note := range r.notes {
		fmt.Fprintf(&b, "- %s\n", note)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
