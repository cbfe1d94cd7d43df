package community_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/community"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

var start = time.Date(2026, 4, 7, 8, 50, 16, 0, time.UTC)

func fixedClock() clock.Clock { return clock.At(func() time.Time { return start }) }

func TestCommunityIsReadBackUnchanged(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		communities := community.New(community.Deps{DB: db, Clock: fixedClock()})
		made, err := communities.Create(t.Context(), community.Input{Name: "  Cafe\u0301 "}, actor.Actor{})
		if err != nil {
			t.Fatal(err)
		}
		want := community.Community{
			ID: made.ID, Name: "Caf\u00e9",
			Settings: community.Settings{
				TimeZone: "UTC", Language: "en", Languages: []string{"en"}, Accent: "#4f46e5", Joining: community.Joining{Policy: "invite", RequiredFields: []string{}},
				RefundLotDays: 30,
				Currencies: community.Currencies{
					Coins: community.Currency{Name: "Coins", Expiry: community.Expiry{RoundTo: "none"}}, Premium: community.Currency{Name: "Gems", Expiry: community.Expiry{RoundTo: "none"}},
				},
				AllowedFrameOrigins: []string{},
				BannedWords:         []string{}, AlertWords: []string{}, ErasureOfMessages: "anonymise",
			},
			CreatedAt: start.UnixMilli(), UpdatedAt: start.UnixMilli(),
		}
		got, err := communities.Get(t.Context(), made.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" || !id.Valid(made.ID) {
			t.Fatalf("%v %s", err, diff)
		}
		second, err := communities.Create(t.Context(), community.Input{Name: "Two", Settings: community.Settings{OpenBulkImport: true}}, actor.Actor{})
		if err != nil {
			t.Fatal(err)
		}
		list, err := communities.List(t.Context())
		if diff := cmp.Diff([]community.Community{want, second}, list); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
	})
}

func TestMissingCommunityIsNotFound(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		communities := community.New(community.Deps{DB: db, Clock: fixedClock()})
		if _, err := communities.Get(t.Context(), "nobody"); !errs.Is(err, "community_not_found") || errs.KindOf(err) != errs.NotFound {
			t.Errorf("get: %v", err)
		}
		if _, err := communities.Update(t.Context(), "nobody", community.Change{}, actor.Actor{}); !errs.Is(err, "community_not_found") {
			t.Errorf("update: %v", err)
		}
	})
}

func TestEveryInvalidFieldIsReported(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		communities := community.New(community.Deps{DB: db, Clock: fixedClock()})
		_, err := communities.Create(t.Context(), community.Input{
			Name:     strings.Repeat("x", 101),
			Settings: community.Settings{Accent: "red", TimeZone: "Mars/Olympus", Language: "??"},
		}, actor.Actor{})
		var got []string
		if e := errs.From(err); e != nil {
			for _, f := range e.Fields {
				got = append(got, f.Field)
			}
		}
		if diff := cmp.Diff([]string{"name", "accent", "timeZone", "language"}, got); diff != "" {
			t.Errorf("%v %s", err, diff)
		}
		for _, name := range []string{"", "   ", "a\x00b", "a\xffb"} {
			if _, err := communities.Create(t.Context(), community.Input{Name: name}, actor.Actor{}); !errs.Is(err, "invalid_input") {
				t.Errorf("name %q: %v", name, err)
			}
		}
		if list, err := communities.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("a rejected community was stored: %v %v", list, err)
		}
	})
}

func TestUpdateChangesOnlyTheGivenFields(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		now := start
		communities := community.New(community.Deps{DB: db, Clock: clock.At(func() time.Time { return now })})
		made, err := communities.Create(t.Context(), community.Input{Name: "One", Settings: community.Settings{Language: "de", OpenBulkImport: true}}, actor.Actor{})
		if err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Hour)
		zone, accent := "Europe/Berlin", "#AABBCC"
		want := made
		want.Settings.TimeZone, want.Settings.Accent, want.UpdatedAt = zone, "#aabbcc", now.UnixMilli()
		if _, err := communities.Update(t.Context(), made.ID, community.Change{TimeZone: &zone, Accent: &accent}, actor.Actor{}); err != nil {
			t.Fatal(err)
		}
		got, err := communities.Get(t.Context(), made.ID)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		bad := "Local"
		if _, err := communities.Update(t.Context(), made.ID, community.Change{TimeZone: &bad}, actor.Actor{}); !errs.Is(err, "invalid_input") {
			t.Errorf("zone of the machine: %v", err)
		}
	})
}

func TestConcurrentUpdatesAreNotLost(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		communities := community.New(community.Deps{DB: db, Clock: fixedClock()})
		made, err := communities.Create(t.Context(), community.Input{Name: "One"}, actor.Actor{})
		if err != nil {
			t.Fatal(err)
		}
		name, language, open := "Two", "fr", true
		var all sync.WaitGroup
		for _, change := range []community.Change{{Name: &name}, {Language: &language}, {OpenBulkImport: &open}} {
			all.Go(func() {
				if _, err := communities.Update(t.Context(), made.ID, change, actor.Actor{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		got, err := communities.Get(t.Context(), made.ID)
		if err != nil || got.Name != name || got.Settings.Languages[0] != language || !got.Settings.OpenBulkImport {
			t.Errorf("a change was lost: %+v %v", got, err)
		}
	})
}

func TestHooksOfCreateRunInItsTransaction(t *testing.T) {
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		var seen community.Community
		var hookErr error
		hook := func(ctx context.Context, tx *sqldb.Tx, _ actor.Actor, created community.Community) (err error) {
			if seen, err = community.Load(ctx, tx, created.ID); err != nil {
				return err
			}
			return hookErr
		}
		communities := community.New(community.Deps{DB: db, Clock: fixedClock(), OnCreate: []community.CreateHook{hook}})
		made, err := communities.Create(t.Context(), community.Input{Name: "One"}, actor.Actor{})
		if diff := cmp.Diff(made, seen); err != nil || diff != "" {
			t.Fatalf("%v %s", err, diff)
		}
		hookErr = errors.New("no")
		if _, err := communities.Create(t.Context(), community.Input{Name: "Two"}, actor.Actor{}); !errors.Is(err, hookErr) {
			t.Fatalf("error %v", err)
		}
		if list, err := communities.List(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("communities %v %v", list, err)
		}
	})
}
