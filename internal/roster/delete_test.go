package roster_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// rowsOf is every row of the tables of members that speaks of one person, by
// table.
func (f *fixture) rowsOf(userID string) map[string]int {
	f.Helper()
	found := map[string]int{}
	for _, table := range []string{"members", "field_history", "member_identifiers", "member_values"} {
		n, err := sqldb.One(f.Context(), f.DB, "row", sqldb.Value[int], "SELECT count(*) FROM "+table+" WHERE user_id = $1", userID)
		f.OK(err)
		if n > 0 {
			found[table] = n
		}
	}
	n, err := sqldb.One(f.Context(), f.DB, "row", sqldb.Value[int], "SELECT count(*) FROM media WHERE user_id = $1", userID)
	f.OK(err)
	if n > 0 {
		found["media"] = n
	}
	return found
}

// known makes somebody of whom much is known.
func (f *fixture) known(username string) member.Member {
	f.Helper()
	f.NewField(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
	tag, err := f.Members.CreateTag(f.Context(), membertest.Command, f.Community, "vip")
	f.OK(err)
	in := membertest.Input(username)
	in.ExternalID, in.Fields = "17", []member.FieldValue{{Field: "card", Value: "A-1"}, {Field: "phone", Value: "+442071234567"}}
	made := f.Create(in)
	_, err = f.Members.Change(f.Context(), membertest.Command, f.Community, made.ID, []member.FieldValue{{Field: "card", Value: "A-2"}, {Field: "tag", Value: tag.Name}}, member.Source{Type: "api"})
	f.OK(err)
	var picture bytes.Buffer
	f.OK(png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 4, 4))))
	_, err = f.Members.SetAvatar(f.Context(), membertest.Command, f.Community, made.ID, &picture)
	f.OK(err)
	made, err = f.Members.Find(f.Context(), membertest.Command, f.Community, username)
	f.OK(err)
	return made
}

func eachWithClock(t *testing.T, test func(f *fixture, later func(time.Duration))) {
	t.Helper()
	membertest.EachWithClock(t, func(f *membertest.Fixture, later func(time.Duration)) { test(&fixture{f}, later) })
}

func TestADeletedMemberIsHiddenAndComesBackExactly(t *testing.T) {
	eachWithClock(t, func(f *fixture, later func(time.Duration)) {
		before := f.known("ada")
		rows := f.rowsOf(before.ID)
		f.OK(f.Members.Delete(f.Context(), membertest.Command, f.Community, []string{before.ID}))
		if _, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "ada"); !errs.Is(err, "user_not_found") {
			f.Fatal(err)
		}
		if f.Total() != 0 || len(f.Usernames(directory.Filter{})) != 0 {
			f.Fatalf("%d members, list %v", f.Total(), f.Usernames(directory.Filter{}))
		}
		if err := f.Members.Delete(f.Context(), membertest.Command, f.Community, []string{before.ID}); !errs.Is(err, "already_deleted") {
			f.Fatal(err)
		}
		if got := f.refused(membertest.Input("ada")); got["email"] != "member_deleted" {
			f.Fatal(got)
		}
		later(29 * 24 * time.Hour)
		f.OK(f.Members.Sweep(f.Context()))
		f.OK(f.Members.Restore(f.Context(), membertest.Command, f.Community, []string{before.ID}))
		after, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "ada")
		f.OK(err)
		before.StateChangedAt, before.UpdatedAt = after.StateChangedAt, after.UpdatedAt
		if diff := cmp.Diff(before, after); diff != "" {
			f.Fatal(diff)
		}
		if diff := cmp.Diff(rows, f.rowsOf(before.ID)); diff != "" || f.Total() != 1 {
			f.Fatal(diff, f.Total())
		}
		if err := f.Members.Restore(f.Context(), membertest.Command, f.Community, []string{before.ID}); !errs.Is(err, "not_deleted") {
			f.Fatal(err)
		}
	})
}

func TestWhoWasToComeIsStillToComeAfterARestore(t *testing.T) {
	each(t, func(f *fixture) {
		for _, state := range []string{member.Pending, member.Left, member.Banned} {
			who := f.People("was-" + state)
			f.SetState(state, who...)
			f.OK(f.Members.Delete(f.Context(), membertest.Command, f.Community, membertest.IDs(who)))
			f.OK(f.Members.Restore(f.Context(), membertest.Command, f.Community, membertest.IDs(who)))
			if _, err := f.Members.FindIn(f.Context(), membertest.Command, f.Community, "was-"+state, state); err != nil || f.Total() != 0 {
				f.Errorf("%s: %v, %d members", state, err, f.Total())
			}
		}
	})
}

func TestAfterTheRetentionTimeNothingPersonalIsLeft(t *testing.T) {
	eachWithClock(t, func(f *fixture, later func(time.Duration)) {
		ada := f.known("zelda") // no id contains the name
		bob := f.Create(membertest.Input("bob"))
		f.OK(f.Members.Delete(f.Context(), actor.Actor{Kind: actor.Command, Name: "root"}, f.Community, []string{ada.ID}))
		later(30*24*time.Hour + time.Minute)
		if err := f.Members.Restore(f.Context(), membertest.Command, f.Community, []string{ada.ID}); !errs.Is(err, "retention_over") {
			f.Fatal(err)
		}
		f.OK(f.Members.Sweep(f.Context()))
		if rows := f.rowsOf(ada.ID); len(rows) != 0 {
			f.Fatalf("still there: %v", rows)
		}
		log, err := sqldb.All(f.Context(), f.DB, sqldb.Value[string], "SELECT target_id || ' ' || target_name || ' ' || CAST(changes AS TEXT) FROM audit_log WHERE community_id = $1", f.Community)
		f.OK(err)
		if text := strings.Join(log, "\n"); strings.Contains(text, "zelda") || !strings.Contains(text, ada.ID) || !strings.Contains(text, bob.ID+" bob") {
			f.Fatalf("the log says:\n%s", text)
		}
		if f.Total() != 1 {
			f.Fatalf("%d members", f.Total())
		}
		if made := f.Create(membertest.Input("ada")); made.ID == ada.ID || made.Phone != "" || made.ExternalID != "" {
			f.Fatalf("came again as %+v", made)
		}
	})
}

// What members wrote is erased in transactions of its own. If one fails, those before stay,
// and the next sweep continues.
func TestInterruptedSweepContinues(t *testing.T) {
	eachWithClock(t, func(f *fixture, later func(time.Duration)) {
		ada, steps := f.known("zelda"), 0
		f.Construct(roster.Deps{EraseContent: func(ctx context.Context, tx *sqldb.Tx, communityID string, userIDs []string) (bool, error) {
			if steps++; steps == 3 {
				return false, errs.New(errs.Unavailable, "interrupted", "Interrupted.")
			}
			_, err := tx.Exec(ctx, "UPDATE members SET first_name = first_name || '.' WHERE community_id = $1 AND user_id = $2", communityID, userIDs[0])
			return steps == 5, err
		}})
		f.OK(f.Members.Delete(f.Context(), membertest.Command, f.Community, []string{ada.ID}))
		later(30*24*time.Hour + time.Minute)
		if err := f.Members.Sweep(f.Context()); !errs.Is(err, "interrupted") {
			f.Fatal(err)
		}
		if name, err := sqldb.One(f.Context(), f.DB, "member", sqldb.Value[string], "SELECT first_name FROM members WHERE user_id = $1", ada.ID); err != nil || name != ada.FirstName+".." {
			f.Errorf("%q after two transactions, %v", name, err)
		}
		f.OK(f.Members.Sweep(f.Context()))
		if rows := f.rowsOf(ada.ID); len(rows) != 0 || steps != 5 {
			f.Errorf("%d steps, left: %v", steps, rows)
		}
	})
}

// stranger is a member of another community.
func (f *fixture) stranger() *member.Record {
	f.Helper()
	home := f.Community
	f.Community = f.Elsewhere()
	defer func() { f.Community = home }()
	return f.People("stranger")[0]
}

// states are those of people, in their order.
func (f *fixture) states(people ...*member.Record) (states []string) {
	f.Helper()
	for _, who := range people {
		m, err := f.Members.FindIn(f.Context(), membertest.Command, f.Community, who.ID, member.AnyState...)
		f.OK(err)
		states = append(states, m.State)
	}
	return states
}

func TestWhomTheActorMayNotManageKeepsManyFromBeingDeletedAndRestored(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		people["stranger"] = f.stranger()
		people["nobody"] = &member.Record{ID: "6a21d1c09f3b0c4d5e6f7a8b"}
		actors["stranger"] = membertest.Session(people["stranger"])
		actors["narrow"] = actor.Actor{Kind: actor.CommunityKey, KeyID: "k3", CommunityID: f.Community, CreatedBy: "command", Permissions: []actor.Permission{permission.UserFields}}
		two := []*member.Record{people["plain"], people["low"]}
		for _, row := range []struct{ actor, who, code string }{
			{"high", "plain", "missing_permission"},
			{"high", "nobody", "missing_permission"}, // before it is said who is there
			{"narrow", "plain", "missing_permission"},
			{"stranger", "plain", "community_not_found"},
			{"admin", "high", "rank_too_low"},
			{"admin", "same", "rank_too_low"},
			{"key", "high", "rank_too_low"},
			{"sync", "owner", "rank_too_low"},
			{"admin", "stranger", "user_not_found"},
			{"command", "nobody", "user_not_found"},
		} {
			many := append(slices.Clone(two), people[row.who])
			here := many
			if row.who == "stranger" || row.who == "nobody" {
				here = two
			}
			for state, act := range map[string]func(context.Context, actor.Actor, string, []string) error{member.Active: f.Members.Delete, member.Deleted: f.Members.Restore} {
				f.SetState(state, here...)
				if err := act(f.Context(), actors[row.actor], f.Community, membertest.IDs(many)); !errs.Is(err, row.code) {
					f.Errorf("%s acts on %s, who is %s: %v, want %s", row.actor, row.who, state, err, row.code)
				}
				if got := f.states(here...); slices.ContainsFunc(got, func(now string) bool { return now != state }) {
					f.Errorf("%s acted on %s, who was %s: %v", row.actor, row.who, state, got)
				}
			}
			f.SetState(member.Active, here...)
		}
	})
}

func TestManyAreDeletedAndRestoredAllOfThemOrNone(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		plain, low, admin := people["plain"], people["low"], actors["admin"]
		both := membertest.IDs([]*member.Record{plain, low})
		f.OK(f.Members.Delete(f.Context(), admin, f.Community, membertest.IDs([]*member.Record{plain})))
		if err := f.Members.Delete(f.Context(), admin, f.Community, both); !errs.Is(err, "already_deleted") {
			f.Error(err)
		}
		if err := f.Members.Restore(f.Context(), admin, f.Community, both); !errs.Is(err, "not_deleted") {
			f.Error(err)
		}
		if got := f.states(plain, low); !slices.Equal(got, []string{member.Deleted, member.Active}) {
			f.Fatal(got)
		}
		f.OK(f.Members.Delete(f.Context(), admin, f.Community, membertest.IDs([]*member.Record{low})))
		f.OK(f.Members.Restore(f.Context(), admin, f.Community, append(both, both...))) // twice in the list
		if got := f.states(plain, low); !slices.Equal(got, []string{member.Active, member.Active}) {
			f.Fatal(got)
		}
		log, _, err := f.NewAccess().AuditLog(f.Context(), membertest.Command, f.Community, audit.Filter{Target: low.ID, Limit: 2})
		f.OK(err)
		if len(log) != 2 || log[0].Action != "user.restore" || log[1].Action != "user.delete" || log[0].Actor != admin.Ref() {
			f.Errorf("the log says %+v", log)
		}
	})
}

func TestNeitherTheLastOwnersNorOneselfAreDeleted(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		for _, who := range []string{"admin", "owner"} {
			if err := f.Members.Delete(f.Context(), actors[who], f.Community, membertest.IDs([]*member.Record{people["plain"], people[who]})); !errs.Is(err, "rank_too_low") {
				f.Errorf("%s: %v", who, err)
			}
		}
		owners := []*member.Record{people["owner"], people["partner"]}
		if err := f.Members.Delete(f.Context(), membertest.Command, f.Community, membertest.IDs(owners)); !errs.Is(err, "last_owner") {
			f.Error(err)
		}
		if got := f.states(owners...); !slices.Equal(got, []string{member.Active, member.Active}) {
			f.Error(got)
		}
	})
}

func TestWhoMayManageMembersIsToldSo(t *testing.T) {
	each(t, func(f *fixture) {
		_, actors := f.ranks()
		for who, code := range map[string]string{"admin": "", "owner": "", "sync": "", "command": "", "high": "missing_permission", "nobody": "missing_permission"} {
			if err := f.Members.MayManage(f.Context(), actors[who], f.Community); code == "" && err != nil || code != "" && !errs.Is(err, code) {
				f.Errorf("%s: %v, want %q", who, err, code)
			}
		}
	})
}
