package direct_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/block"
	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/sqldb"
)

func conversations(f *membertest.Fixture) *direct.Conversations {
	f.NewRoles()
	return direct.New(direct.Deps{DB: f.DB, Clock: f.Clock, Access: f.NewAccess()})
}

// start starts a conversation in the name of a member.
func start(f *membertest.Fixture, all *direct.Conversations, sender *member.Record, users ...string) direct.Conversation {
	f.Helper()
	found, _, err := all.Start(f.Context(), membertest.Command, f.Community, users, sender.ID)
	f.OK(err)
	return found
}

func TestTheSameMembersHaveOneConversation(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := conversations(f)
		people := f.People("ada", "ben", "cleo")
		const writers = 32
		var together sync.WaitGroup
		var mu sync.Mutex
		ids, created := map[string]int{}, 0
		for i := range writers {
			together.Go(func() {
				sender, other := people[i%2], people[(i+1)%2]
				found, fresh, err := all.Start(f.Context(), membertest.Command, f.Community, []string{other.Username, other.ID}, sender.ID)
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				ids[found.ID]++
				if fresh {
					created++
				}
			})
		}
		together.Wait()
		if len(ids) != 1 || created != 1 {
			t.Errorf("%d conversations, %d created", len(ids), created)
		}
		three := start(f, all, people[0], "ben", "cleo")
		if ids[three.ID] != 0 || len(three.Participants) != 3 || start(f, all, people[2], "ada", "ben").ID != three.ID {
			t.Errorf("%+v", three)
		}
	})
}

func TestConversationsAreListedByTheirLastMessage(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := conversations(f)
		people := f.People("ada", "ben", "cleo", "dan")
		var made []string
		for _, other := range []string{"ben", "cleo", "dan"} {
			made = append(made, start(f, all, people[0], other).ID)
		}
		start(f, all, people[1], "cleo")
		first, second := id.New(f.Clock.Now()), id.New(f.Clock.Now())
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			for _, messageID := range []string{second, first} { // the later one stays the last
				if err := direct.Posted(f.Context(), tx, f.Community, made[0], messageID); err != nil {
					return err
				}
			}
			return nil
		}))
		var listed []string
		for cursor := ""; ; {
			part, next, err := all.List(f.Context(), membertest.Command, f.Community, "ada", cursor, 2)
			f.OK(err)
			for _, one := range part {
				listed = append(listed, one.ID)
				if one.ID == made[0] && one.LastMessageID != second || one.ID != made[0] && one.LastMessageID != "" || len(one.Participants) != 2 {
					t.Errorf("%+v", one)
				}
			}
			if cursor = next; next == "" {
				break
			}
		}
		if d := cmp.Diff([]string{made[0], made[2], made[1]}, listed); d != "" {
			t.Error(d)
		}
	})
}

func TestConversationIsClosedWhenTheOthersHaveLeft(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := conversations(f)
		people := f.People("ada", "ben", "cleo")
		made := start(f, all, people[0], "ben", "cleo")
		open := func(want string) {
			t.Helper()
			found, err := direct.Load(f.Context(), f.DB, f.Community, made.ID)
			f.OK(err)
			if got := membertest.Code(found.OpenFor(f.Context(), f.DB, f.Community, people[0].ID)); got != want {
				t.Errorf("%q, want %q", got, want)
			}
		}
		open("")
		f.SetState(member.Left, people[1])
		open("")
		f.SetState(member.Deleted, people[2])
		open("channel_read_only")
		f.SetState(member.Active, people[2])
		open("")
		_, err := block.New(block.Deps{DB: f.DB, Clock: f.Clock, Access: f.NewAccess()}).Create(f.Context(), membertest.Session(people[2]), f.Community, "ada")
		f.OK(err)
		open("blocked")
		if _, err := direct.Load(f.Context(), f.DB, f.Elsewhere(), made.ID); !errs.Is(err, "channel_not_found") {
			t.Errorf("in another community: %v", err)
		}
	})
}

func TestErasedMembersLeaveConversations(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := conversations(f)
		people := f.People("ada", "ben", "cleo", "dan")
		alone, with := start(f, all, people[0], "ben"), start(f, all, people[0], "cleo", "dan")
		f.OK(f.DB.Tx(f.Context(), func(tx *sqldb.Tx) error {
			return direct.EraseMembers(f.Context(), tx, f.Community, []string{people[0].ID, people[1].ID})
		}))
		if _, err := direct.Load(f.Context(), f.DB, f.Community, alone.ID); !errs.Is(err, "channel_not_found") {
			t.Errorf("without participants: %v", err)
		}
		found, err := direct.Load(f.Context(), f.DB, f.Community, with.ID)
		f.OK(err)
		if len(found.Participants) != 2 || found.Includes(people[0].ID) || !found.Includes(people[2].ID) {
			t.Errorf("%+v", found)
		}
		if again := start(f, all, people[2], "dan"); again.ID == with.ID {
			t.Error("the two get the conversation of three")
		}
	})
}

func TestStartingAConversationIsChecked(t *testing.T) {
	membertest.Each(t, func(f *membertest.Fixture) {
		all := conversations(f)
		people := f.People("ada", "ben", "cleo", "gone")
		roles := f.NewRoles(access.RoleInput{Title: "Writers", Order: 1, ServerPermissions: map[string]bool{"allow_dm": true}})
		_, err := f.Members.AddRole(f.Context(), membertest.Command, f.Community, people[0].ID, roles["Writers"].ID, membertest.ByAPI)
		f.OK(err)
		f.SetState(member.Left, people[3])
		blocks := block.New(block.Deps{DB: f.DB, Clock: f.Clock, Access: f.NewAccess()})
		_, err = blocks.Create(f.Context(), membertest.Session(people[0]), f.Community, people[2].ID)
		f.OK(err)
		var many []string
		for i := range direct.MaxParticipants {
			many = append(many, fmt.Sprint("m", i))
		}
		f.People(many...)
		ada, ben, command := membertest.Session(people[0]), membertest.Session(people[1]), membertest.Command
		for _, c := range []struct {
			name   string
			sender string
			users  []string
			caller actor.Actor
			code   string
		}{
			{"a member with the permission", "", []string{"ben"}, ada, ""},
			{"oneself as the sender", "ada", []string{"ben"}, ada, ""},
			{"a member without the permission", "", []string{"ada"}, ben, "missing_permission"},
			{"another sender", "ben", []string{"ben"}, ada, "sender_not_self"},
			{"nobody", "", nil, ada, "invalid_input invalid"},
			{"oneself", "", []string{"ada"}, ada, "invalid_input invalid"},
			{"nine others", "", many[:9], ada, ""},
			{"ten others", "", many, ada, "invalid_input invalid"},
			{"a missing member", "", []string{"nobody"}, ada, "user_not_found"},
			{"a member that has left", "", []string{"gone"}, ada, "user_not_found"},
			{"a blocked member", "", []string{"cleo"}, ada, "blocked"},
			{"a member that blocks the sender", "cleo", []string{"ben", "ada"}, command, "blocked"},
			{"no sender", "", []string{"ben"}, command, "invalid_input required"},
			{"a sender that has left", "gone", []string{"ben"}, command, "sender_not_active"},
		} {
			_, _, err := all.Start(f.Context(), c.caller, f.Community, c.users, c.sender)
			if got := membertest.Code(err); got != c.code {
				t.Errorf("%s: %q, want %q", c.name, got, c.code)
			}
		}
		if list, _, err := all.List(f.Context(), ben, f.Community, "", "", 10); err != nil || len(list) != 1 || !slices.Equal(membertest.Sorted([]string{list[0].Participants[0].Username, list[0].Participants[1].Username}), []string{"ada", "ben"}) {
			t.Errorf("%v %v", list, err)
		}
		if _, _, err := all.List(f.Context(), ben, f.Community, "ada", "", 10); !errs.Is(err, "missing_permission") {
			t.Errorf("the conversations of others: %v", err)
		}
		if _, _, err := all.List(f.Context(), ben, f.Community, "", "x", 10); !errs.Is(err, "invalid_cursor") {
			t.Errorf("a cursor: %v", err)
		}
	})
}
