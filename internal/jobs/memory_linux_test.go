package jobs_test

import (
	"context"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// exhaustMemory limits the address space of this process and allocates until it
// crashes.
func exhaustMemory() {
	fmt.Println("claimed")
	for _, resource := range []int{syscall.RLIMIT_DATA, syscall.RLIMIT_AS} {
		if err := syscall.Setrlimit(resource, &syscall.Rlimit{Cur: 256 << 20, Max: 256 << 20}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	for all := [][]byte{}; len(all) < 1<<8; {
		part := make([]byte, 8<<20)
		for i := 0; i < len(part); i += 4096 {
			part[i] = 1
		}
		all = append(all, part)
	}
	fmt.Println("2 GiB, and still no end")
	select {}
}

func TestJobThatExhaustsMemoryIsDead(t *testing.T) {
	for _, dialect := range sqldbtest.Engines(t) {
		t.Run(string(dialect), func(t *testing.T) {
			t.Parallel()
			address := sqldbtest.Address(t, dialect)
			db := sqldbtest.Open(t, address)
			jobID := insert(t, db, task{doExhaust}, jobs.Options{Lane: jobs.Large})
			starts := 0
			for ; starts < 10 && state(t, db, jobID) != "dead 0"; starts++ {
				cmd := childProcess(t, address, time.Hour, "JOBS_TEST_ALONE=1", "JOBS_TEST_IDLE=1")
				out, err := cmd.Output()
				if (err == nil) != (starts == jobs.MaxCrashes) {
					t.Fatalf("start %d: %v: %s", starts, err, out)
				}
			}
			if starts != jobs.MaxCrashes+1 {
				t.Errorf("started %d times", starts)
			}
			_, _ = restart(t, db, func(context.Context, *jobs.Job, task) error { return nil })
		})
	}
}
