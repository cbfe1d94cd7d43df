package member_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
)

// ranks are members of different height, by username; key and sync are keys
// that admin and the command line made.
func (f *fixture) ranks() (people map[string]*member.Record, actors map[string]actor.Actor) {
	f.Helper()
	administrator := map[string]bool{access.ServerAdministrator: true}
	roles := f.roles(
		access.RoleInput{Title: "low", Order: 2}, access.RoleInput{Title: "admin", Order: 5, ServerPermissions: administrator},
		access.RoleInput{Title: "same", Order: 5}, access.RoleInput{Title: "high", Order: 9},
	)
	people, actors = map[string]*member.Record{}, map[string]actor.Actor{
		"sync": {Kind: actor.CommunityKey, KeyID: "k1", CommunityID: f.community, CreatedBy: "command", Permissions: []actor.Permission{actor.PermAll}}, "command": command, "nobody": {},
	}
	for _, r := range f.people("owner", "partner", "admin", "plain", "low", "same", "high") {
		people[r.Username], actors[r.Username] = r, session(r)
		if role, ok := roles[r.Username]; ok {
			_, err := f.members.AddRole(f.Context(), command, f.community, r.ID, role.ID, member.Source{Type: "api"})
			f.ok(err)
		}
	}
	f.ok(f.members.AddOwner(f.Context(), f.community, people["owner"].ID))
	f.ok(f.members.AddOwner(f.Context(), f.community, people["partner"].ID))
	actors["key"] = actor.Actor{Kind: actor.CommunityKey, KeyID: "k2", CommunityID: f.community, CreatedBy: actors["admin"].Ref(), Permissions: []actor.Permission{actor.PermAll}}
	return people, actors
}

func TestNobodyChangesWhatIsKeptOfWhomTheyDoNotStandAbove(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		tag, err := f.members.CreateTag(f.Context(), f.community, "vip")
		f.ok(err)
		below := map[string]string{
			"admin": "admin plain low", "key": "admin plain low", "high": "high admin plain low same", "plain": "plain", "nobody": "",
			"owner": "owner partner admin plain low same high", "sync": "owner partner admin plain low same high", "command": "owner partner admin plain low same high",
		}
		country := func(actor actor.Actor, who, value string) error {
			_, err := f.members.Record(f.Context(), actor, f.community, people[who].ID, member.FieldValue{Field: "country", Value: value}, byAPI)
			return err
		}
		for who, reached := range below {
			actor := actors[who]
			for target, record := range people {
				f.ok(country(command, target, "DE"))
				f.ok(country(command, target, "ES"))
				rows, _, err := f.members.Histories(f.Context(), f.community, member.HistoryFilter{UserID: record.ID, Limit: 1})
				f.ok(err)
				_, reverts := f.members.Revert(f.Context(), actor, f.community, rows[0].ID)
				_, tags := f.members.PutTag(f.Context(), actor, f.community, tag.ID, []string{people["plain"].ID, record.ID}, true, byAPI)
				for way, err := range map[string]error{"a value": country(actor, target, "JP"), "a revert": reverts, "a tag": tags, "a picture": f.members.RemoveAvatar(f.Context(), actor, f.community, record.ID)} {
					want, code := strings.Contains(" "+reached+" ", " "+target+" "), "rank_too_low"
					if way == "a tag" && (who == "high" || who == "plain" || who == "nobody") {
						want, code = false, "missing_permission" // not even of their own
					}
					if want != (err == nil) || !want && !errs.Is(err, code) {
						f.Errorf("%s changes %s of %s: %v", who, way, target, err)
					}
				}
			}
		}
	})
}

func TestAStrangerChangesNobody(t *testing.T) {
	each(t, func(f *fixture) {
		plain := f.people("plain")[0]
		stranger := actor.Actor{Kind: actor.Session, AccountID: "6a21d1c09f3b0c4d5e6f7a8b"}
		_, err := f.members.Record(f.Context(), stranger, f.community, plain.ID, member.FieldValue{Field: "country", Value: "DE"}, byAPI)
		if !errs.Is(err, "community_not_found") {
			f.Error(err)
		}
	})
}
