package app_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// earned is what a member has done and has.
type earned struct {
	TotalMessages, XP, Coins int64
	Badges                   []struct{ Title string }
}

// want is what the rewards of the test give for the messages.
func (e earned) want() string {
	w := earned{TotalMessages: e.TotalMessages, XP: 10 * e.TotalMessages, Coins: e.TotalMessages + min(e.TotalMessages, 2)}
	badges := 0
	if e.TotalMessages >= 5 {
		w.XP += 50
		badges = 1
	}
	if e.TotalMessages >= 3 {
		w.Coins += 7
	}
	return fmt.Sprintf("%d messages, %d XP, %d coins, %d badges", w.TotalMessages, w.XP, w.Coins, badges)
}

func (e earned) String() string {
	return fmt.Sprintf("%d messages, %d XP, %d coins, %d badges", e.TotalMessages, e.XP, e.Coins, len(e.Badges))
}

const rewardMembers = 6

func rewarded(i int) string { return fmt.Sprintf("rolling%d", i) }

// earnedBy returns what a member has, the zero value if the server does not answer.
func (n *node) earnedBy(i int) (e earned) {
	n.t.Helper()
	got := n.call("POST", "/v1/users/info", fmt.Sprintf(`{"idOrEmail":%q}`, rewarded(i)))
	if got.status == http.StatusOK {
		if err := json.Unmarshal(got.Data, &e); err != nil {
			n.t.Fatal(err)
		}
	}
	return e
}

// TestRewardsSurviveKills kills the program at random while members write messages that
// pay by a rule, a badge, a milestone and an automation: each is paid once for each message
// that is stored, and the ledger proves it.
func TestRewardsSurviveKills(t *testing.T) {
	const kills, writers = 5, 3
	for _, engine := range sqldbtest.Engines(t) {
		t.Run(string(engine), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, engine)
			n.chance = rand.New(rand.NewPCG(rand.Uint64(), 0))
			n.await(n.upload(people(0, rewardMembers), "members").jobID)
			var channel struct {
				ID string `json:"_id"`
			}
			if err := json.Unmarshal(n.must("POST", "/v1/channels", `{"topic":"rewards"}`).Data, &channel); err != nil {
				t.Fatal(err)
			}
			n.must("PUT", "/v1/gamification/xp-settings", `{"enabled":true,"payKeyMessages":true,"message":{"enabled":true,"xp":10,"coins":1,"time":0,"dailyCap":null}}`)
			n.must("POST", "/v1/badges", `{"title":"Writer","action":"messages","quantity":5,"award":true,"awardXpQuantity":50}`)
			n.must("POST", "/v1/milestones", `{"name":"Third","isEnabled":true,"conditions":{"operator":"and","conditions":[{"action":"messages","value":3}]},"rewards":{"coins":7}}`)
			n.must("POST", "/v1/automations", `{"name":"First two","enabled":true,"trigger":{"event":"message.posted"},"actions":[{"type":"grant","unit":"coins","amount":1,"reason":"Welcome"}],"perMember":2}`)
			for range kills {
				var sending sync.WaitGroup
				for w := range writers {
					sending.Go(func() {
						for i := w; ; i += writers {
							body := fmt.Sprintf(`{"channelId":%q,"message":"Hello","sender":%q}`, channel.ID, rewarded(i%rewardMembers))
							if n.call("POST", "/v1/messages/send", body).status == 0 {
								return // killed
							}
						}
					})
				}
				n.crash(1500 * time.Millisecond)
				sending.Wait()
				n.Restart()
			}
			for i := range rewardMembers {
				var e earned
				poll(t, "the rewards of "+rewarded(i), func() bool {
					e = n.earnedBy(i)
					return e.TotalMessages > 0 && e.String() == e.want()
				})
			}
			proof := n.call("GET", "/v1/gamification/ledger/verify", "")
			var result struct{ OK bool }
			if err := json.Unmarshal(proof.Data, &result); err != nil || !result.OK {
				t.Errorf("the ledger is not proved: %s", proof.Data)
			}
			if e := n.earnedBy(0); e.String() != e.want() { // nothing came later
				t.Errorf("%v, want %s", e, e.want())
			}
		})
	}
}
