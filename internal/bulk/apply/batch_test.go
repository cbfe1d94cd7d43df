package apply

import (
	"math"
	"testing"
)

func TestBatchGroupHasAThirdOfTheRowsBeforeIt(t *testing.T) {
	l := BatchRows(4_000)
	most := groupBatches * int(l)
	for read, want := range map[int64]int{0: 2_500, 7_500: 2_500, 30_000: 10_000, int64(3 * most): most, 1_000_000: most} {
		if got := l.groupAfter(read); got != want {
			t.Errorf("after %d rows: %d, want %d", read, got, want)
		}
	}
}

func TestCommittedGroupIsReused(t *testing.T) {
	s, g := &directStep{freed: make(chan *batchGroup, 1)}, &batchGroup{}
	var applied step = s
	if err := applied.committed(t.Context(), &batch{group: g}); err != nil {
		t.Fatal(err)
	}
	select {
	case freed := <-s.freed:
		if freed != g {
			t.Error("another group is reused")
		}
	default:
		t.Error("the memory of a committed group is not reused")
	}
}

func TestGroupFitsTheLimitOfTransactions(t *testing.T) {
	for _, c := range []struct {
		name                 string
		most, limited, batch int
		want                 int64
	}{
		{"no limit", 10_000, math.MaxInt, 2_500, 10_000},
		{"a batch fills it nearly", 10_000, 1_150, 1_100, 51},
		{"another batch fits", 10_000, 3_000, 1_000, 2_001},
		{"the batch was read before the limit", 10_000, 500, 2_500, 1},
		{"the group of a short file is smaller", 800, 1_150, 1_100, 800},
	} {
		if got := groupLimit(c.most, c.limited, c.batch); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}
