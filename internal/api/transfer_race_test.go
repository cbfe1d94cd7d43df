package api_test

import (
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/account"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/moderation"
	"github.com/regulars/regulars/internal/ownership"
	"github.com/regulars/regulars/internal/ownership/transfer"
)

// raceOnce runs calls concurrently and returns their errors, which must be errors for
// callers.
func raceOnce(t *testing.T, calls ...func() error) []error {
	t.Helper()
	results, start := make([]error, len(calls)), make(chan struct{})
	var all sync.WaitGroup
	for i, call := range calls {
		all.Go(func() {
			<-start
			results[i] = call()
		})
	}
	close(start)
	all.Wait()
	for _, err := range results {
		if e := (*errs.Error)(nil); err != nil && !errors.As(err, &e) {
			t.Errorf("not an error for a caller: %v", err)
		}
	}
	return results
}

func TestAcceptanceAndAConflictingChangeNeverBothSucceed(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		ctx := t.Context()
		suspend := moderation.PenaltyInput{User: "ben", Kind: moderation.Suspend, Reason: "x", Until: time.Now().Add(time.Hour).UnixMilli()}
		kick := moderation.PenaltyInput{User: "ben", Kind: moderation.Kick, Reason: "x"}
		penalise := func(in moderation.PenaltyInput) func(string) error {
			return func(string) error {
				_, err := a.Moderation.Penalise(ctx, x.owner.actor, x.serverID, in)
				return err
			}
		}
		for _, c := range []struct {
			name string
			do   func(transferID string) error
		}{
			{"withdraw", func(id string) error { return a.Ownership.WithdrawTransfer(ctx, x.owner.actor, x.serverID, id) }},
			{"decline", func(id string) error { return a.Ownership.DeclineTransfer(ctx, x.ben.actor, x.serverID, id) }},
			{"a second acceptance", x.accept},
			{"the member leaves", func(string) error { return a.Moderation.Leave(ctx, x.ben.actor, x.serverID) }},
			{"the member is kicked", penalise(kick)},
			{"the member is suspended", penalise(suspend)},
			{"the member is deleted", func(string) error { return a.Members.Delete(ctx, x.owner.actor, x.serverID, []string{x.ben.ID}) }},
			{"the community is deleted", func(string) error {
				_, err := a.Ownership.DeleteCommunity(ctx, x.owner.actor, x.serverID, "Rovers")
				return err
			}},
		} {
			for range 3 {
				x.found()
				id := x.offer()
				got := raceOnce(t, func() error { return x.accept(id) }, func() error { return c.do(id) })
				state, owners := x.state(id), x.owners()
				if (got[0] == nil) == (got[1] == nil) {
					t.Errorf("%s: %v", c.name, got)
				}
				accepted := got[0] == nil || c.name == "a second acceptance"
				if want := map[bool]string{true: "ben", false: "ada"}[accepted]; !slices.Equal(owners, []string{want}) || (state == transfer.Accepted) != accepted || state == transfer.Open {
					t.Errorf("%s: %v, the transfer is %s, the owners are %v", c.name, got, state, owners)
				}
			}
		}
	})
}

func TestOneOfConcurrentTransferRequestsSucceeds(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		eve := newParty(t, a, "eve")
		x.join(eve)
		for range 3 {
			request := func(username string) func() error {
				return func() error {
					_, err := a.Ownership.RequestTransfer(t.Context(), x.owner.actor, x.serverID, ownership.TransferInput{User: username, Confirm: "Rovers"})
					return err
				}
			}
			made := 0
			for _, err := range raceOnce(t, request("ben"), request("eve"), request("ben"), request("eve")) {
				switch {
				case err == nil:
					made++
				case !errs.Is(err, "transfer_pending"):
					t.Error(err)
				}
			}
			open, err := a.Ownership.OpenTransfer(t.Context(), apptest.Operator, x.serverID)
			if made != 1 || err != nil {
				t.Fatalf("%d transfers were made, %v", made, err)
			}
			if err := a.Ownership.WithdrawTransfer(t.Context(), x.owner.actor, x.serverID, open.ID); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func TestMemberDoesNotLeaveWithAnOpenOffer(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		for range 5 {
			got := raceOnce(t, func() error {
				_, err := a.Ownership.RequestTransfer(t.Context(), x.owner.actor, x.serverID, ownership.TransferInput{User: "ben", Confirm: "Rovers"})
				return err
			}, func() error { return a.Moderation.Leave(t.Context(), x.ben.actor, x.serverID) })
			if got[1] != nil || got[0] != nil && !errs.Is(got[0], "user_not_found") {
				t.Errorf("%v", got)
			}
			if open, err := a.Ownership.OpenTransfer(t.Context(), apptest.Operator, x.serverID); !errs.Is(err, "transfer_not_found") {
				t.Errorf("open to a member who left: %+v, %v", open, err)
			}
			x.join(x.ben)
		}
	})
}

func TestConcurrentTransferAndLeaveKeepAnOwner(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		carl := newParty(t, a, "carl")
		for range 5 {
			x.found()
			if err := a.Ownership.AddOwner(t.Context(), actor.Actor{Kind: actor.Command}, x.serverID, carl.ID); err != nil {
				t.Fatal(err)
			}
			id := x.offer()
			leave := func(p party) func() error {
				return func() error { return a.Moderation.Leave(t.Context(), p.actor, x.serverID) }
			}
			got := raceOnce(t, func() error { return x.accept(id) }, leave(x.owner), leave(carl), leave(x.ben))
			if len(x.owners()) == 0 {
				t.Errorf("nobody owns the community: %v", got)
			}
		}
	})
}

func TestFormerOwnerCannotDeleteTheCommunity(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		x := newTransferred(t, a)
		if err := x.accept(x.offer()); err != nil {
			t.Fatal(err)
		}
		_, err := a.Ownership.DeleteCommunity(t.Context(), x.owner.actor, x.serverID, "Rovers")
		if !errs.Is(err, "owner_required") {
			t.Errorf("%v", err)
		}
		_, err = a.Ownership.RequestTransfer(t.Context(), x.owner.actor, x.serverID, ownership.TransferInput{User: "ben", Confirm: "Rovers", Proof: account.Proof{}})
		if !errs.Is(err, "owner_required") {
			t.Errorf("%v", err)
		}
	})
}
