package member_test

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

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/blob"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/media"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// rowsOf is every row of the tables of members that speaks of one person, by
// table.
func (f *fixture) rowsOf(userID string) map[string]int {
	f.Helper()
	found := map[string]int{}
	for _, table := range []string{"members", "field_history", "member_identifiers", "member_value"} {
		n, err := sqldb.One(f.Context(), f.db, "row", sqldb.Value[int], "SELECT count(*) FROM "+table+" WHERE user_id = $1", userID)
		f.ok(err)
		if n > 0 {
			found[table] = n
		}
	}
	n, err := sqldb.One(f.Context(), f.db, "row", sqldb.Value[int], "SELECT count(*) FROM media WHERE owner_id = $1", userID)
	f.ok(err)
	if n > 0 {
		found["media"] = n
	}
	return found
}

// known makes somebody of whom much is known.
func (f *fixture) known(username string) member.Member {
	f.Helper()
	f.field(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
	tag, err := f.members.CreateTag(f.Context(), f.community, "vip")
	f.ok(err)
	in := newcomer(username)
	in.ExternalID, in.Fields = "17", []member.FieldValue{{Field: "card", Value: "A-1"}, {Field: "phone", Value: "+442071234567"}}
	made := f.create(in)
	_, err = f.members.Change(f.Context(), command, f.community, made.ID, []member.FieldValue{{Field: "card", Value: "A-2"}, {Field: "tag", Value: tag.Name}}, member.Source{Type: "api"})
	f.ok(err)
	var picture bytes.Buffer
	f.ok(png.Encode(&picture, image.NewNRGBA(image.Rect(0, 0, 4, 4))))
	_, err = f.members.SetAvatar(f.Context(), command, f.community, made.ID, &picture)
	f.ok(err)
	made, err = f.members.Find(f.Context(), f.community, username)
	f.ok(err)
	return made
}

// eachIn is each with members whose time can be moved.
func eachIn(t *testing.T, test func(f *fixture, later func(time.Duration))) {
	t.Helper()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var late time.Duration
		now := clock.At(func() time.Time { return clock.Clock{}.Now().Add(late) })
		f := &fixture{T: t, db: db, fields: field.New(db, now), members: member.New(db, now)}
		f.community = f.elsewhere()
		files, err := blob.Open(t.TempDir())
		f.ok(err)
		t.Cleanup(func() { _ = files.Close() })
		f.members.Connect(member.Connections{Pictures: media.New(db, files, now)})
		test(f, func(d time.Duration) { late += d })
	})
}

func TestADeletedMemberIsHiddenAndComesBackExactly(t *testing.T) {
	eachIn(t, func(f *fixture, later func(time.Duration)) {
		before := f.known("ada")
		rows := f.rowsOf(before.ID)
		f.ok(f.members.Delete(f.Context(), command, f.community, []string{before.ID}))
		if _, err := f.members.Find(f.Context(), f.community, "ada"); !errs.Is(err, "user_not_found") {
			f.Fatal(err)
		}
		if f.total() != 0 || len(f.names(member.Filter{})) != 0 {
			f.Fatalf("%d members, list %v", f.total(), f.names(member.Filter{}))
		}
		if err := f.members.Delete(f.Context(), command, f.community, []string{before.ID}); !errs.Is(err, "already_deleted") {
			f.Fatal(err)
		}
		if got := f.refused(newcomer("ada")); got["email"] != "member_deleted" {
			f.Fatal(got)
		}
		later(29 * 24 * time.Hour)
		f.ok(f.members.Sweep(f.Context()))
		f.ok(f.members.Restore(f.Context(), command, f.community, []string{before.ID}))
		after, err := f.members.Find(f.Context(), f.community, "ada")
		f.ok(err)
		before.StateAt, before.UpdatedAt = after.StateAt, after.UpdatedAt
		if diff := cmp.Diff(before, after); diff != "" {
			f.Fatal(diff)
		}
		if diff := cmp.Diff(rows, f.rowsOf(before.ID)); diff != "" || f.total() != 1 {
			f.Fatal(diff, f.total())
		}
		if err := f.members.Restore(f.Context(), command, f.community, []string{before.ID}); !errs.Is(err, "not_deleted") {
			f.Fatal(err)
		}
	})
}

func TestWhoWasToComeIsStillToComeAfterARestore(t *testing.T) {
	each(t, func(f *fixture) {
		for _, state := range []string{member.Pending, member.Left, member.Banned} {
			who := f.people("was-" + state)
			f.setState(state, who...)
			f.ok(f.members.Delete(f.Context(), command, f.community, idsOf(who)))
			f.ok(f.members.Restore(f.Context(), command, f.community, idsOf(who)))
			if _, err := f.members.FindIn(f.Context(), f.community, "was-"+state, state); err != nil || f.total() != 0 {
				f.Errorf("%s: %v, %d members", state, err, f.total())
			}
		}
	})
}

func TestAfterTheRetentionTimeNothingPersonalIsLeft(t *testing.T) {
	eachIn(t, func(f *fixture, later func(time.Duration)) {
		ada := f.known("ada")
		bob := f.create(newcomer("bob"))
		ctx := actor.NewContext(f.Context(), command)
		f.ok(f.members.Delete(ctx, actor.Actor{Kind: actor.Command, Name: "root"}, f.community, []string{ada.ID}))
		later(30*24*time.Hour + time.Minute)
		if err := f.members.Restore(f.Context(), command, f.community, []string{ada.ID}); !errs.Is(err, "retention_over") {
			f.Fatal(err)
		}
		f.ok(f.members.Sweep(f.Context()))
		if rows := f.rowsOf(ada.ID); len(rows) != 0 {
			f.Fatalf("still there: %v", rows)
		}
		log, err := sqldb.All(f.Context(), f.db, sqldb.Value[string], "SELECT target_id || ' ' || target_name || ' ' || CAST(changes AS TEXT) FROM audit_log WHERE community_id = $1", f.community)
		f.ok(err)
		if text := strings.Join(log, "\n"); strings.Contains(text, "ada") || !strings.Contains(text, ada.ID) || !strings.Contains(text, bob.ID+" bob") {
			f.Fatalf("the log says:\n%s", text)
		}
		if f.total() != 1 {
			f.Fatalf("%d members", f.total())
		}
		if made := f.create(newcomer("ada")); made.ID == ada.ID || made.Phone != "" || made.ExternalID != "" {
			f.Fatalf("came again as %+v", made)
		}
	})
}

// stranger is a member of another community.
func (f *fixture) stranger() *member.Record {
	f.Helper()
	home := f.community
	f.community = f.elsewhere()
	defer func() { f.community = home }()
	return f.people("stranger")[0]
}

// states are those of people, in their order.
func (f *fixture) states(people ...*member.Record) (states []string) {
	f.Helper()
	for _, who := range people {
		m, err := f.members.FindIn(f.Context(), f.community, who.ID, member.AnyState...)
		f.ok(err)
		states = append(states, m.State)
	}
	return states
}

func TestWhomTheActorMayNotManageKeepsManyFromBeingDeletedAndRestored(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		people["stranger"] = f.stranger()
		people["nobody"] = &member.Record{ID: "6a21d1c09f3b0c4d5e6f7a8b"}
		actors["stranger"] = session(people["stranger"])
		actors["narrow"] = actor.Actor{Kind: actor.CommunityKey, KeyID: "k3", CommunityID: f.community, CreatedBy: "command", Permissions: []actor.Permission{access.PermUserFields}}
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
			for state, act := range map[string]func(context.Context, actor.Actor, string, []string) error{member.Active: f.members.Delete, member.Deleted: f.members.Restore} {
				f.setState(state, here...)
				if err := act(f.Context(), actors[row.actor], f.community, idsOf(many)); !errs.Is(err, row.code) {
					f.Errorf("%s acts on %s, who is %s: %v, want %s", row.actor, row.who, state, err, row.code)
				}
				if got := f.states(here...); slices.ContainsFunc(got, func(now string) bool { return now != state }) {
					f.Errorf("%s acted on %s, who was %s: %v", row.actor, row.who, state, got)
				}
			}
			f.setState(member.Active, here...)
		}
	})
}

func TestManyAreDeletedAndRestoredAllOfThemOrNone(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		plain, low, admin := people["plain"], people["low"], actors["admin"]
		both := idsOf([]*member.Record{plain, low})
		f.ok(f.members.Delete(f.Context(), admin, f.community, idsOf([]*member.Record{plain})))
		if err := f.members.Delete(f.Context(), admin, f.community, both); !errs.Is(err, "already_deleted") {
			f.Error(err)
		}
		if err := f.members.Restore(f.Context(), admin, f.community, both); !errs.Is(err, "not_deleted") {
			f.Error(err)
		}
		if got := f.states(plain, low); !slices.Equal(got, []string{member.Deleted, member.Active}) {
			f.Fatal(got)
		}
		f.ok(f.members.Delete(f.Context(), admin, f.community, idsOf([]*member.Record{low})))
		f.ok(f.members.Restore(f.Context(), admin, f.community, append(both, both...))) // twice in the list
		if got := f.states(plain, low); !slices.Equal(got, []string{member.Active, member.Active}) {
			f.Fatal(got)
		}
		log, _, err := f.members.AuditLog(f.Context(), f.community, audit.Filter{Target: low.ID, Limit: 2})
		f.ok(err)
		if len(log) != 2 || log[0].Action != "user.restore" || log[1].Action != "user.delete" || log[0].Actor != admin.Ref() {
			f.Errorf("the log says %+v", log)
		}
	})
}

func TestNeitherTheLastOwnersNorOneselfAreDeleted(t *testing.T) {
	each(t, func(f *fixture) {
		people, actors := f.ranks()
		for _, who := range []string{"admin", "owner"} {
			if err := f.members.Delete(f.Context(), actors[who], f.community, idsOf([]*member.Record{people["plain"], people[who]})); !errs.Is(err, "rank_too_low") {
				f.Errorf("%s: %v", who, err)
			}
		}
		owners := []*member.Record{people["owner"], people["partner"]}
		if err := f.members.Delete(f.Context(), command, f.community, idsOf(owners)); !errs.Is(err, "last_owner") {
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
			if err := f.members.MayManage(f.Context(), actors[who], f.community); code == "" && err != nil || code != "" && !errs.Is(err, code) {
				f.Errorf("%s: %v, want %q", who, err, code)
			}
		}
	})
}
