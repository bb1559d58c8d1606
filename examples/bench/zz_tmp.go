package main

import (
	"fmt"
	"os"
	"runtime"
	"time"
)

func init() {
	if os.Getenv("MEMST") == "" {
		return
	}
	go func() {
		for {
			time.Sleep(2 * time.Second)
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Fprintf(os.Stderr, "pid %d alloc %dK inuse %dK idle %dK released %dK stack %dK sys %dK gcs %d total %dK gor %d mspan %dK gcsys %dK other %dK rss %d\n", os.Getpid(), m.HeapAlloc>>10, m.HeapInuse>>10, m.HeapIdle>>10, m.HeapReleased>>10, m.StackInuse>>10, m.Sys>>10, m.NumGC, m.TotalAlloc>>10, runtime.NumGoroutine(), m.MSpanInuse>>10, m.GCSys>>10, m.OtherSys>>10, resident(os.Getpid()))
		}
	}()
}
