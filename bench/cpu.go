//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of /proc on every Linux that Go runs on.
const ticksPerSecond = 100

// cpu is the processor time that a process, all below it, and its children
// that have ended have used. It depends less on what else the machine does
// than the time on the wall.
func cpu(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is a name in brackets that may hold anything; the
	// fields from 14 on are utime, stime, cutime and cstime.
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	var sum time.Duration
	for _, field := range fields[11:15] {
		ticks, err := strconv.Atoi(field)
		if err != nil {
			return 0, err
		}
		sum += time.Duration(ticks) * time.Second / ticksPerSecond
	}
	children, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if err != nil {
		return 0, err
	}
	for _, child := range strings.Fields(string(children)) {
		pid, err := strconv.Atoi(child)
		if err != nil {
			return 0, err
		}
		if used, err := cpu(pid); err == nil { // else it has just ended
			sum += used
		}
	}
	return sum, nil
}

// meter sums the processor time of what works for a run: the server, if it is
// ours that runs, and the database's processes, if it has some.
func (b *bench) meter(engine string, v *server) (time.Duration, error) {
	var sum time.Duration
	if v != nil {
		used, err := cpu(v.cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		sum = used
	}
	if engine != postgres {
		return sum, nil
	}
	used, err := cpu(b.cluster.keeper.Process.Pid)
	return sum + used, err
}
