package statuspage

import (
	"fmt"
	"strconv"
	"time"
)

// bytesText writes a number of bytes with three digits and a binary unit.
func bytesText(n float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB"}
	i := 0
	for n >= 1000 && i < len(units)-1 {
		n, i = n/1024, i+1
	}
	precision := 0
	switch {
	case i == 0 || n >= 100:
	case n >= 10:
		precision = 1
	default:
		precision = 2
	}
	return strconv.FormatFloat(n, 'f', precision, 64) + " " + units[i]
}

// ago writes how long a time is over, "" for the zero time.
func ago(t, now time.Time) string {
	if t.IsZero() {
		return ""
	}
	switch d := now.Sub(t); {
	case d < time.Second:
		return "just now"
	case d < time.Minute:
		return fmt.Sprintf("%d s ago", int(d.Seconds()))
	case d < time.Hour:
		return fmt.Sprintf("%d min ago", int(d.Minutes()))
	case d < 48*time.Hour:
		return fmt.Sprintf("%d h ago", int(d.Hours()))
	default:
		return fmt.Sprintf("%d days ago", int(d.Hours()/24))
	}
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// spanText writes a length of time by its largest unit, rounded.
func spanText(d time.Duration) string {
	switch {
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
	return fmt.Sprintf("%.0f h", d.Hours())
}
