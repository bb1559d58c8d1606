package i2cp_test

import (
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// BenchmarkCostOnRouters carries data from one real router to another over either door, and tells what processor time this
// process (both ends of the stream) and the routers take for it:
//
//	go test -run '^$' -bench CostOnRouters -benchtime 1x ./dialer/i2cp
func BenchmarkCostOnRouters(b *testing.B) {
	pairs := flowPairs(b, i2pnet.Require(b, i2pnet.Config{}))
	const size = 32 << 20
	chunk := make([]byte, 64<<10)
	for _, p := range pairs {
		b.Run(p.name, func(b *testing.B) {
			f, err := openFlows(b.Context(), p, 1)
			require.NoError(b, err)
			defer f.end()
			client, server := f.clients[0], f.servers[0]
			client.SetDeadline(time.Now().Add(5 * time.Minute))
			server.SetDeadline(time.Now().Add(5 * time.Minute))
			b.SetBytes(size)
			own, routers := processorTime(b)
			gib := 0.0
			for b.Loop() {
				f.ends.Go(func() error {
					for n := 0; n < size; n += len(chunk) {
						if _, err := client.Write(chunk); err != nil {
							return err
						}
					}
					return nil
				})
				_, err := io.CopyN(io.Discard, server, size)
				require.NoError(b, err)
				gib += float64(size) / (1 << 30)
			}
			own2, routers2 := processorTime(b)
			b.ReportMetric((own2-own).Seconds()/gib, "own-cpu-s/GiB")
			b.ReportMetric((routers2-routers).Seconds()/gib, "routers-cpu-s/GiB")
		})
	}
}

// processorTime returns what this process has taken, and its children, which are the routers.
func processorTime(b *testing.B) (own, routers time.Duration) {
	var u syscall.Rusage
	require.NoError(b, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	own = time.Duration(u.Utime.Nano() + u.Stime.Nano())
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	require.NoError(b, err)
	const ppid, utime, stime, tick = 1, 11, 12, 10 * time.Millisecond // behind the name: proc_pid_stat(5)
	for _, file := range stats {
		text, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		if fields[ppid] != strconv.Itoa(os.Getpid()) {
			continue
		}
		for _, i := range []int{utime, stime} {
			n, err := strconv.Atoi(fields[i])
			require.NoError(b, err)
			routers += time.Duration(n) * tick
		}
	}
	return own, routers
}

// BenchmarkConnectOnRouters is how long it takes until a byte has come back on a new stream, over either door, in turns:
//
//	go test -run '^$' -bench ConnectOnRouters -benchtime 100x ./dialer/i2cp
func BenchmarkConnectOnRouters(b *testing.B) {
	pairs := flowPairs(b, i2pnet.Require(b, i2pnet.Config{}))
	for _, p := range pairs {
		go func() {
			for {
				conn, err := p.to.Accept()
				if err != nil {
					return
				}
				go func() {
					defer conn.Close()
					io.Copy(conn, conn)
				}()
			}
		}()
	}
	var took [len(pairs)][]time.Duration
	for b.Loop() {
		for i, p := range pairs {
			begin := time.Now()
			conn, err := p.from.DialContext(b.Context(), "tcp", p.to.Addr().String())
			require.NoError(b, err, p.name)
			conn.SetDeadline(begin.Add(time.Minute))
			_, err = conn.Write([]byte{1})
			require.NoError(b, err, p.name)
			_, err = io.ReadFull(conn, make([]byte, 1))
			require.NoError(b, err, p.name)
			took[i] = append(took[i], time.Since(begin))
			conn.Close()
		}
	}
	var medians [len(pairs)]float64
	for i, p := range pairs {
		slices.Sort(took[i])
		medians[i] = took[i][len(took[i])/2].Seconds()
		b.ReportMetric(1000*medians[i], p.name+"-ms")
		b.Logf("%s: median %.1f ms, from %.1f to %.1f", p.name, 1000*medians[i], 1000*took[i][0].Seconds(), 1000*took[i][len(took[i])-1].Seconds())
	}
	b.ReportMetric(medians[0]/medians[1], "ratio")
}
