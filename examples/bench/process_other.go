//go:build !linux

package main

import (
	"runtime"
	"time"
)

const measuresProcesses = false

func resident(int) int          { return 0 }
func descriptors(int) int       { return 0 }
func cpuTime(int) time.Duration { return 0 }
func descriptorLimit() int      { return 0 }

func system() (processor, kernel, load string) { return "unknown processor", runtime.GOOS, "unknown" }
