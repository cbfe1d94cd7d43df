//go:build linux

package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"
)

// ticksPerSecond is the unit of times in /proc.
const ticksPerSecond = 100

// processCPU returns the processor time of a process, its descendants and its finished
// children. It depends less on the load of the machine than wall time.
func processCPU(pid int) (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	// The second field is the name in parentheses and may contain spaces; fields
	// 14 to 17 are utime, stime, cutime and cstime.
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
		if used, err := processCPU(pid); err == nil { // it may have exited
			sum += used
		}
	}
	return sum, nil
}

// cpuTime returns the processor time of the server, if v is not nil, and of the
// PostgreSQL cluster, if the engine is PostgreSQL.
func (b *bench) cpuTime(engine string, v *server) (time.Duration, error) {
	var sum time.Duration
	if v != nil {
		used, err := processCPU(v.cmd.Process.Pid)
		if err != nil {
			return 0, err
		}
		sum = used
	}
	if engine != postgres {
		return sum, nil
	}
	used, err := processCPU(b.cluster.process.Process.Pid)
	return sum + used, err
}
