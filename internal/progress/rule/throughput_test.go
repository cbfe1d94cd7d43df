package rule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/event"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/progress/rule"
)

func TestThroughputX(t *testing.T) {
	each(t, func(f *fixture) {
		f.allow(map[rule.Action]rule.ActionChange{rule.Message: amounts(10, 1), rule.React: amounts(2, 0)})
		var names []string
		for i := range 1000 {
			names = append(names, fmt.Sprintf("p%d", i))
		}
		people := f.Unclaimed(names...)
		for round := range 2 {
			start := time.Now()
			n := 0
			for b := range 50 {
				var batch []event.Event
				for i := range 200 {
					who := people[(b*37+i*13)%1000].ID
					f.now = f.now.Add(time.Millisecond)
					if i%2 == 0 {
						batch = append(batch, f.happened(message.EventReactionAdded, who, message.EventReaction{MessageID: fmt.Sprint(round, b, i), Emoji: "x"}))
						continue
					}
					e, _ := f.written(message.View{})
					e.UserID = who
					batch = append(batch, e)
				}
				f.handle(batch...)
				n += 200
			}
			t.Logf("%d events in %v: %.0f/s", n, time.Since(start), float64(n)/time.Since(start).Seconds())
		}
	})
}
