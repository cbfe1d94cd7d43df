package api_test

import (
	"testing"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/live"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/words"
)

func TestEveryCredentialReadsTheLimitsInForce(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		home := a.Community(t)
		key := a.Key(t, home)
		userOf(t, a, key, "ada")
		_, ada := a.Claim(t, home, "ada")
		if got := send(t, a, "GET", "/v1/limits", "", ""); got.status != 401 {
			t.Errorf("without a credential: %d %s", got.status, got.text)
		}
		for who, token := range map[string]string{"a key": key, "a member": ada} {
			got := send(t, a, "GET", "/apis/v1/limits", token, "")
			values := map[any]map[string]any{}
			list, _ := got.body["data"].([]any)
			for _, one := range list {
				row := one.(map[string]any)
				if values[row["name"]] != nil {
					t.Errorf("%v is listed twice", row["name"])
				}
				values[row["name"]] = row
			}
			for name, want := range map[string]float64{
				"message_length": message.MaxText, "message_mentions": message.MaxMentions, "message_images": message.MaxImages, "message_links": message.MaxLinks,
				"message_nonce": message.MaxNonce, "message_reaction_kinds": message.MaxReactionKinds, "channel_pins": message.MaxPins, "topic_title": topic.MaxTitle, "topic_tags": topic.MaxTags,
				"search_query": words.MaxQuery, "conversation_participants": direct.MaxParticipants, "slow_mode": chat.MaxSlowMode, "blocks": block.Max, "live_connections": live.MaxPerAccount,
			} {
				if row := values[name]; row["value"] != want || row["window"] != nil || row["setting"] != nil || row["unit"] == "" {
					t.Errorf("%s: %s is %v, want %v", who, name, row, want)
				}
			}
			if row := values["sign_ins"]; row["window"] != 60.0 || row["setting"] != "REGULARS_SIGN_INS_PER_MINUTE" {
				t.Errorf("%s: %v", who, row)
			}
		}
	})
}
