package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

const measuresProcesses = true

// resident returns the memory of a process in KiB, as the system sees it.
func resident(pid int) (kib int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	fmt.Sscan(rest, &kib)
	return kib
}

func descriptors(pid int) int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list)
}

// cpuTime returns the processor time of the threads of a process.
func cpuTime(pid int) (sum time.Duration) {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range threads {
		var d time.Duration // in ns
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, t.Name()))
		fmt.Sscan(string(b), &d)
		sum += d
	}
	return sum
}

// descriptorLimit returns how many descriptors a process may have, or 0.
func descriptorLimit() int {
	var l unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &l) != nil || l.Cur > 1<<30 {
		return 0
	}
	return int(l.Cur)
}

// system returns the processor, the kernel, and how busy the machine is.
func system() (processor, kernel, load string) {
	cpu, _ := os.ReadFile("/proc/cpuinfo")
	_, rest, _ := strings.Cut(string(cpu), "model name")
	_, rest, _ = strings.Cut(rest, ": ")
	processor, _, _ = strings.Cut(rest, "\n")
	var u unix.Utsname
	unix.Uname(&u)
	avg, _ := os.ReadFile("/proc/loadavg")
	load, _, _ = strings.Cut(string(avg), " ")
	return processor, unix.ByteSliceToString(u.Sysname[:]) + " " + unix.ByteSliceToString(u.Release[:]), load
}
