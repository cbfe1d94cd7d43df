package realtime_test

import (
	"fmt"
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
)

// TestConversationsReachTheirParticipantsOnly has subscriptions of all channels that are
// older than the conversation.
func TestConversationsReachTheirParticipantsOnly(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home, owner := openCommunity(t, a)
		_, ada := joined(t, a, home, "ada")
		_, cleo := joined(t, a, home, "cleo")
		lobby := channel(t, a, home, owner, "lobby", false)
		viewers := map[string]*connection{}
		positions := map[string]int64{}
		for name, token := range map[string]string{"olga": owner, "ada": ada, "cleo": cleo} {
			viewers[name], _ = connect(t, a, "", token)
			positions[name] = viewers[name].subscribe("*").Sequence
		}
		direct := call(t, a, "POST", "/v1/direct-channels", owner, fmt.Sprintf(`{"communityId":%q,"users":["ada"]}`, home))["_id"].(string)
		sent := call(t, a, "POST", "/v1/messages/send", owner, fmt.Sprintf(`{"channelId":%q,"message":"secret"}`, direct))
		call(t, a, "POST", "/v1/messages/react", ada, fmt.Sprintf(`{"messageId":%q,"emoji":":heart:"}`, sent["messageId"]))
		call(t, a, "POST", "/v1/messages/send", owner, fmt.Sprintf(`{"channelId":%q,"message":"open"}`, lobby))
		if f := viewers["cleo"].event("message.posted"); f.ChannelID != lobby {
			t.Errorf("cleo: %+v", f)
		}
		for _, name := range []string{"ada", "olga"} {
			posted := viewers[name].event("message.posted")
			shown, _ := posted.Data["message"].(map[string]any)
			if posted.ChannelID != direct || shown["message"] != "secret" {
				t.Errorf("%s: %+v", name, posted)
			}
			if f := viewers[name].event("reaction.added"); f.ChannelID != direct {
				t.Errorf("%s: %+v", name, f)
			}
		}
		call(t, a, "POST", "/v1/channels/"+direct+"/typing", owner, "")
		if f := viewers["ada"].until("now"); f.Type != "typing" || f.Data["channelId"] != direct {
			t.Errorf("ada: %+v", f)
		}
		for name, want := range map[string]string{"ada": direct, "olga": direct, "cleo": lobby} {
			again, _ := connect(t, a, "", map[string]string{"ada": ada, "olga": owner, "cleo": cleo}[name])
			again.subscribe("*")
			again.send(`{"op":"resume","after":%d}`, positions[name])
			if f := again.event("message.posted"); f.ChannelID != want {
				t.Errorf("%s resumes with %+v", name, f)
			}
		}
		viewers["cleo"].send(`{"op":"subscribe","channels":[%q],"ref":"2"}`, direct)
		for f := viewers["cleo"].next(); f.Op != "error"; f = viewers["cleo"].next() {
			if f.Op == "subscribed" || f.Type == "typing" {
				t.Fatalf("cleo: %+v", f)
			}
		}
	})
}
