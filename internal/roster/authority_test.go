package roster_test

import (
	"strings"
	"testing"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
)

// ranks are members of different height, by username; key and sync are keys
// that admin and the membertest.Command line made.
func (f *fixture) ranks() (people map[string]*member.Record, actors map[string]actor.Actor) {
	f.Helper()
	administrator := map[string]bool{permission.ServerAdministrator: true}
	roles := f.NewRoles(
		access.RoleInput{Title: "low", Order: 2}, access.RoleInput{Title: "admin", Order: 5, ServerPermissions: administrator},
		access.RoleInput{Title: "same", Order: 5}, access.RoleInput{Title: "high", Order: 9},
	)
	people, actors = map[string]*member.Record{}, map[string]actor.Actor{
		"sync": {Kind: actor.CommunityKey, KeyID: "k1", CommunityID: f.Community, CreatedBy: "command", Permissions: []actor.Permission{actor.PermAll}}, "command": membertest.Command, "nobody": {},
	}
	for _, r := range f.People("owner", "partner", "admin", "plain", "low", "same", "high") {
		people[r.Username], actors[r.Username] = r, membertest.Session(r)
		if role, ok := roles[r.Username]; ok {
			_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, r.ID, role.ID, member.Source{Type: "api"})
			f.OK(err)
		}
	}
	f.OK(f.Ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.Community, people["owner"].ID))
	f.OK(f.Ownership.AddOwner(f.Context(), actor.Actor{Kind: actor.Command}, f.Community, people["partner"].ID))
	actors["key"] = actor.Actor{Kind: actor.CommunityKey, KeyID: "k2", CommunityID: f.Community, CreatedBy: actors["admin"].Ref(), Permissions: []actor.Permission{actor.PermAll}}
	return people, actors
}

func TestNobodyChangesWhatIsKeptOfWhomTheyDoNotStandAbove(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		chief := f.NewRoles(access.RoleInput{Title: "chief", Order: 9, ServerPermissions: map[string]bool{permission.ServerAdministrator: true}})["chief"]
		people["chief"] = f.People("chief")[0]
		actors["chief"] = membertest.Session(people["chief"])
		_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, people["chief"].ID, chief.ID, membertest.ByAPI)
		f.OK(err)
		tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
		f.OK(err)
		below := map[string]string{
			"admin": "admin plain low", "key": "admin plain low", "chief": "chief admin plain low same", "high": "", "plain": "", "nobody": "",
			"owner": "owner partner admin plain low same high chief", "sync": "owner partner admin plain low same high chief", "command": "owner partner admin plain low same high chief",
		}
		country := func(actor actor.Actor, who, value string) error {
			_, err := f.Members.SetValue(f.Context(), actor, f.Community, people[who].ID, member.FieldValue{Field: "country", Value: value}, membertest.ByAPI)
			return err
		}
		for who, reached := range below {
			actor := actors[who]
			for target, record := range people {
				f.OK(country(membertest.Command, target, "DE"))
				f.OK(country(membertest.Command, target, "ES"))
				rows, _, err := f.Members.Histories(f.Context(), membertest.Command, f.Community, directory.HistoryFilter{UserID: record.ID, Limit: 1})
				f.OK(err)
				_, reverts := f.Members.Revert(f.Context(), actor, f.Community, rows[0].ID)
				_, tags := f.Members.SetTag(f.Context(), actor, f.Community, tag.ID, []string{people["plain"].ID, record.ID}, true, membertest.ByAPI)
				for way, err := range map[string]error{"a value": country(actor, target, "JP"), "a revert": reverts, "a tag": tags, "a picture": f.Members.RemoveAvatar(f.Context(), actor, f.Community, record.ID)} {
					want, code := strings.Contains(" "+reached+" ", " "+target+" "), "rank_too_low"
					switch {
					case who == "plain" || who == "high": // their roles allow nothing
						want, code = way == "a picture" && target == who, "missing_permission"
					case who == "nobody" && (way == "a value" || way == "a revert"):
						code = "authentication_required"
					case who == "nobody":
						code = "missing_permission"
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
		plain := f.People("plain")[0]
		stranger := actor.Actor{Kind: actor.Session, AccountID: "6a21d1c09f3b0c4d5e6f7a8b"}
		_, err := f.Members.SetValue(f.Context(), stranger, f.Community, plain.ID, member.FieldValue{Field: "country", Value: "DE"}, membertest.ByAPI)
		if !errs.Is(err, "community_not_found") {
			f.Error(err)
		}
	})
}
