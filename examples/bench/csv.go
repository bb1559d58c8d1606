package main

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
)

var csvTitles = []string{"relay", "metric", "unit", "streams", "round", "value"}

// writeCSV writes all samples. What else there is to say stands before them, behind number signs.
func (r *results) writeCSV(w io.Writer) error {
	for _, line := range r.header {
		fmt.Fprintf(w, "# %s\n", line)
	}
	for _, line := range r.notes {
		fmt.Fprintf(w, "## %s\n", line)
	}
	c := csv.NewWriter(w)
	c.Write(csvTitles)
	for _, m := range r.samples {
		c.Write([]string{m.relay, m.metric, units[m.metric], strconv.Itoa(m.streams), strconv.Itoa(m.round), strconv.FormatFloat(m.value, 'g', -1, 64)})
	}
	c.Flush()
	return c.Error()
}

// readResults reads files of writeCSV, as if all were one run.
func readResults(files []string) (*results, error) {
	r := new(results)
	for _, file := range files {
		f, err := os.Open(file)
		if err != nil {
			return nil, err
		}
		err = r.readCSV(f)
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return r, nil
}

// readCSV adds what a file holds.
func (r *results) readCSV(f io.Reader) error {
	var rest strings.Builder
	lines := bufio.NewScanner(f)
	known := make(map[string]bool)
	for _, line := range r.header {
		known[line] = true
	}
	for lines.Scan() {
		line := lines.Text()
		if text, ok := strings.CutPrefix(line, "## "); ok {
			r.note("%s", text)
		} else if text, ok := strings.CutPrefix(line, "# "); !ok {
			rest.WriteString(line + "\n")
		} else if !known[text] {
			r.header = append(r.header, text)
		}
	}
	if err := lines.Err(); err != nil {
		return err
	}
	records, err := csv.NewReader(strings.NewReader(rest.String())).ReadAll()
	if err != nil {
		return err
	}
	if len(records) == 0 || strings.Join(records[0], ",") != strings.Join(csvTitles, ",") {
		return fmt.Errorf("it does not begin with the titles %s", strings.Join(csvTitles, ","))
	}
	for _, c := range records[1:] {
		m := sample{relay: c[0], metric: c[1]}
		for _, err := range []error{parse(&m.streams, c[3]), parse(&m.round, c[4]), parse(&m.value, c[5])} {
			if err != nil {
				return err
			}
		}
		r.samples = append(r.samples, m)
	}
	return nil
}

func parse[T int | float64](to *T, text string) error {
	v, err := strconv.ParseFloat(text, 64)
	*to = T(v)
	return err
}
