package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test be the program that runs its parts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-role") {
		main()
		return
	}
	os.Exit(m.Run())
}

// benchmark runs the program, whose parts log to a file, as several write to it.
func benchmark(t *testing.T, ctx context.Context, args string) (stdout string, err error) {
	var out bytes.Buffer
	log, err := os.Create(filepath.Join(t.TempDir(), "log"))
	require.NoError(t, err)
	defer log.Close()
	err = run(ctx, strings.Fields(args), &out, log)
	if text, _ := os.ReadFile(log.Name()); err != nil && ctx.Err() == nil {
		t.Logf("%s", text)
	}
	return out.String(), err
}

// TestBench measures a little of everything that needs no other module, and shows it again from its file.
func TestBench(t *testing.T) {
	for _, via := range []string{"tcp", "sam"} {
		t.Run(via, func(t *testing.T) {
			dir := t.TempDir()
			data, plot := filepath.Join(dir, "data.csv"), filepath.Join(dir, "plot.svg")
			table, err := benchmark(t, t.Context(), "-quick -streams 20 -mib 4 -relays i2psocks,bare,direct -via "+via+" -csv "+data+" -svg "+plot)
			require.NoError(t, err)
			wants := []string{"connect, p99", "connects, 1/s", "download, 16 streams, MiB/s", "upload, 1 stream, MiB/s", "/ bare", "/ direct"}
			if measuresProcesses {
				wants = append(wants, "CPU of upload, 16 streams", "memory per idle stream, 20 streams, KiB", "descriptors per idle stream, 10 streams")
				if via == "sam" {
					wants = append(wants, "dials that wait", "memory per waiting dial")
				}
			}
			for _, want := range wants {
				assert.Contains(t, table, want)
			}
			assert.NotRegexp(t, "NaN|Inf", table)

			again, err := benchmark(t, t.Context(), data)
			require.NoError(t, err)
			assert.Equal(t, table, again)
			marked, err := benchmark(t, t.Context(), "-markdown "+data+" "+data)
			require.NoError(t, err)
			assert.Contains(t, marked, "|  | i2psocks | bare | direct | / bare | / direct |\n|---|--:|")
			assertXML(t, plot)
		})
	}
}

func assertXML(t *testing.T, file string) {
	f, err := os.Open(file)
	require.NoError(t, err)
	defer f.Close()
	lines := 0
	for d := xml.NewDecoder(f); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if e, ok := token.(xml.StartElement); ok && e.Name.Local == "polyline" {
			lines++
		}
	}
	if measuresProcesses {
		assert.Equal(t, 4, lines, "two relays, two panels")
	}
}

// What is measured ends when it is interrupted, with all that it started.
func TestInterrupted(t *testing.T) {
	for _, part := range partNames {
		t.Run(part, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			started := make(chan struct{})
			r, w := io.Pipe()
			go func() {
				io.ReadFull(r, make([]byte, 1))
				close(started)
				io.Copy(io.Discard, r)
			}()
			go func() {
				<-started
				time.Sleep(200 * time.Millisecond) // whatever it then does
				cancel()
			}()
			args := "-time 1h -mib 1000000 -settle 1h -relays i2psocks,bare -only " + part
			if !measuresProcesses && (part == "idle" || part == "pending") {
				t.Skip("is not measured here")
			}
			assert.ErrorIs(t, run(ctx, strings.Fields(args), io.Discard, w), context.Canceled)
			w.Close()
			assertChildless(t)
		})
	}
}

func TestWithoutGo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	table, err := benchmark(t, t.Context(), "-time 1ms -rounds 1 -only connect -relays go-socks5,bare,direct -via tcp")
	require.NoError(t, err)
	assert.Contains(t, table, "go-socks5 is left out, as it cannot be built: ")
	assert.Contains(t, table, "connects, 1/s")
}

func TestWrongFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-role none":                        "unknown role",
		"-role bare":                        "no target",
		"-relays none":                      `no relay "none"`,
		"-only none":                        `no part "none"`,
		"-via none":                         "want tcp or sam",
		"-via tcp -router 127.0.0.1:1":      "-router is reached over SAM",
		"-rounds 0":                         "must be positive",
		"-time 1ms none.csv":                "none.csv",
		"-only connect -router 127.0.0.1:1": "site: ended before it was ready",
	} {
		_, err := benchmark(t, t.Context(), args)
		assert.ErrorContains(t, err, want, args)
	}
}

// Streams end where descriptors do, which are those of the relay or of the bridge.
func TestNextStep(t *testing.T) {
	steps := func(streams, each int) (found []int) {
		b := &bench{settings: &settings{streams: streams}, results: new(results)}
		for n := b.nextStep("x", 0, each); len(found) == 0 || n > found[len(found)-1]; n = b.nextStep("x", n, each) {
			found = append(found, n)
		}
		return found
	}
	assert.Equal(t, []int{10, 100}, steps(100, 2))
	assert.Equal(t, []int{10, 50}, steps(50, 2))
	if limit := descriptorLimit(); limit > 1000 {
		most := (limit - spare) / 6
		found := steps(limit, 6)
		assert.Equal(t, most, found[len(found)-1])
	}
}

func TestTable(t *testing.T) {
	r := &results{header: []string{"a machine"}, notes: []string{"a note"}}
	for i, v := range []float64{3, 1, 2.5} {
		r.add(ours, "upload", 16, i, v)
		r.add(bare, "upload", 16, i, 2*v)
	}
	r.add(ours, "connects", 0, 0, 123456.7)
	r.add(ours, "memory per waiting dial", 0, 0, 0.012345)
	var out strings.Builder
	require.NoError(t, r.table(&out, true))
	assert.Equal(t, `- a machine

|  | i2psocks | bare | / bare |
|---|--:|--:|--:|
| connects, 1/s | 123457 |  |  |
| upload, 16 streams, MiB/s | 2.5 (1–3) | 5 (2–6) | 0.50 |
| memory per waiting dial, KiB | 0.0123 |  |  |

- a note
`, out.String())
	for bad, want := range map[string]string{
		"": "begin with the titles", "x,y\n": "begin with the titles",
		strings.Join(csvTitles, ",") + "\nbare,upload,,1,0,many\n": "invalid syntax",
		strings.Join(csvTitles, ",") + "\nbare\n":                  "wrong number of fields",
	} {
		assert.ErrorContains(t, new(results).readCSV(strings.NewReader(bad)), want)
	}
}
