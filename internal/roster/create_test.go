package roster_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/field"
	"github.com/regulars/regulars/internal/member"
	"github.com/regulars/regulars/internal/member/directory"
	"github.com/regulars/regulars/internal/member/membertest"
	"github.com/regulars/regulars/internal/roster"
	"github.com/regulars/regulars/internal/sqldb"
)

// conflict is the codes by field of the refusal to create a member.
func (f *fixture) refused(in roster.CreateInput) map[string]string {
	f.Helper()
	_, err := f.Members.Create(f.Context(), membertest.Command, f.Community, in)
	e := errs.From(err)
	if e == nil {
		f.Fatalf("not refused: %v", err)
	}
	codes := map[string]string{"": fmt.Sprint(e.Kind.Status())}
	for _, field := range e.Fields {
		codes[field.Field] = field.Code
	}
	return codes
}

func TestANewMemberHasAllThatWasGiven(t *testing.T) {
	each(t, func(f *fixture) {
		points := f.NewField(field.Input{Field: "points", Name: "Points", Type: field.Numerical})
		f.NewField(field.Input{Field: "size", Name: "T-shirt size", Type: field.Select, Options: []string{"S", "M"}, DefaultValue: "M"})
		in := membertest.Input("ada")
		in.DisplayName, in.Referral, in.ExternalID = "Ada L.", "bob", "CRM-17"
		in.Fields = []member.FieldValue{{Field: points.ID, Value: float64(1.5)}, {Field: "country", Value: "United Kingdom"}, {Field: "t-shirt_size", Value: nil}}
		made := f.Create(in)
		got := []any{made.FirstName, made.DisplayName, made.Email, made.Country, fmt.Sprint(made.Values.Get("points")), made.Values.Get("size"), made.State, made.ExternalID, made.Referral}
		if diff := cmp.Diff([]any{"Ada", "Ada L.", "ada@example.com", "GB", "1.5", "M", member.Active, "CRM-17", "bob"}, got); diff != "" {
			f.Fatal(diff)
		}
		found, err := f.Members.Find(f.Context(), membertest.Command, f.Community, "external:CRM-17")
		f.OK(err)
		if found.ID != made.ID || f.Total() != 1 {
			f.Fatalf("found %s, %d members", found.ID, f.Total())
		}
	})
}

func TestWhoIsMadeAheadIsInNoListAndCausesNoEvent(t *testing.T) {
	each(t, func(f *fixture) {
		in := membertest.Input("ada")
		in.Ahead = true
		if made := f.Create(in); made.State != member.Pending {
			f.Fatalf("state %s", made.State)
		}
		events, err := sqldb.One(f.Context(), f.DB, "event", sqldb.Value[int], "SELECT count(*) FROM events")
		f.OK(err)
		if f.Total() != 0 || len(f.Usernames(directory.Filter{})) != 0 || events != 0 {
			f.Fatalf("%d members, list %v, %d events", f.Total(), f.Usernames(directory.Filter{}), events)
		}
		f.Create(membertest.Input("bob"))
		if n, err := sqldb.One(f.Context(), f.DB, "event", sqldb.Value[int], "SELECT count(*) FROM events WHERE type = 'user.joined_server'"); err != nil || n != 1 {
			f.Fatalf("%d events of who joined (%v)", n, err)
		}
	})
}

func TestEveryWrongPartOfANewMemberIsNamed(t *testing.T) {
	each(t, func(f *fixture) {
		f.NewField(field.Input{Field: "points", Name: "Points", Type: field.Numerical})
		f.NewField(field.Input{Field: "must", Name: "Must", Type: field.SingleLine, Required: true})
		got := f.refused(roster.CreateInput{
			FirstName: strings.Repeat("x", 51), Username: "1", Email: "nobody", Password: "short", Confirm: "other", ExternalID: "a\x07b", Role: "nobility",
			Fields: []member.FieldValue{{Field: "points", Value: "many"}, {Field: "no such", Value: 1}, {Field: "email", Value: "a@b.example"}},
		})
		want := map[string]string{
			"": "400", "firstname": "too_long", "lastname": "required", "username": "invalid_username", "email": "invalid_email", "password": "invalid_password",
			"confirmPassword": "password_differs", "externalId": "bad_text", "accessLevel": "unknown_role", "customFields[0]": "invalid_number",
			"customFields[1]": "unknown_field", "customFields[2]": "not_custom", "customFields.must": "required",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			f.Fatal(diff)
		}
	})
}

func TestAConflictNamesWhatIsTaken(t *testing.T) {
	each(t, func(f *fixture) {
		f.NewField(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		in := membertest.Input("ada")
		in.ExternalID, in.Fields = "17", []member.FieldValue{{Field: "card", Value: "A-1"}}
		f.Create(in)
		for name, row := range map[string]struct {
			change func(*roster.CreateInput)
			want   map[string]string
		}{
			"both":        {func(n *roster.CreateInput) { *n = membertest.Input("ADA") }, map[string]string{"email": "email_taken", "username": "username_taken"}},
			"email":       {func(n *roster.CreateInput) { n.Email = "Ada@Example.com" }, map[string]string{"email": "email_taken"}},
			"username":    {func(n *roster.CreateInput) { n.Username = "Ada" }, map[string]string{"username": "username_taken"}},
			"external id": {func(n *roster.CreateInput) { n.ExternalID = "17" }, map[string]string{"externalId": "duplicate"}},
			"identifier":  {func(n *roster.CreateInput) { n.Fields = []member.FieldValue{{Field: "Card", Value: "a-1"}} }, map[string]string{"customFields": "duplicate"}},
		} {
			in := membertest.Input("bob")
			row.change(&in)
			row.want[""] = "409"
			if diff := cmp.Diff(row.want, f.refused(in)); diff != "" {
				f.Errorf("%s: %s", name, diff)
			}
		}
		if f.Total() != 1 {
			f.Fatalf("%d members", f.Total())
		}
	})
}

func TestAnAccountElsewhereMakesNoDifferenceAndIsNotTouched(t *testing.T) {
	each(t, func(f *fixture) {
		ada := f.People("ada")[0]
		f.Elsewhere()
		before := f.account(ada.ID)
		for _, name := range []string{"ada", "nobody"} { // one has an account
			in := membertest.Input(name)
			in.FirstName, in.Password, in.Confirm = "Augusta", "a-password-of-mine", "a-password-of-mine"
			made, err := f.Members.Create(f.Context(), membertest.Command, f.Elsewhere(), in)
			f.OK(err)
			if made.Claimed() || made.ID == ada.ID || made.Username != name || made.FirstName != "Augusta" {
				f.Fatalf("made %+v", made)
			}
			in.Username = "augusta"
			if _, err := f.Members.Create(f.Context(), membertest.Command, f.Elsewhere(), in); err != nil {
				f.Fatalf("another username: %v", err)
			}
		}
		if diff := cmp.Diff(before, f.account(ada.ID)); diff != "" {
			f.Fatal(diff)
		}
	})
}

func TestOfTwentyWhoAskAtOnceOneGetsTheNameAndTheOthersAreTold(t *testing.T) {
	each(t, func(f *fixture) {
		f.NewField(field.Input{Field: "card", Name: "Card", Type: field.SingleLine, Identifier: true})
		for name, row := range map[string]struct {
			change func(n *roster.CreateInput, i int)
			field  string
		}{
			"email":    {func(n *roster.CreateInput, i int) { n.Username = fmt.Sprintf("email-%d", i) }, "email"},
			"username": {func(n *roster.CreateInput, i int) { n.Email = fmt.Sprintf("username-%d@example.com", i) }, "username"},
			"external id": {func(n *roster.CreateInput, i int) {
				*n = membertest.Input(fmt.Sprintf("external-%d", i))
				n.ExternalID = "17"
			}, "externalId"},
			"identifier": {func(n *roster.CreateInput, i int) {
				*n = membertest.Input(fmt.Sprintf("card-%d", i))
				n.Fields = []member.FieldValue{{Field: "card", Value: "A-1"}}
			}, "customFields"},
		} {
			before := f.Total()
			var work sync.WaitGroup
			results := make([]error, 20)
			for i := range results {
				work.Go(func() {
					in := membertest.Input("race-" + name[:3])
					row.change(&in, i)
					_, results[i] = f.Members.Create(f.Context(), membertest.Command, f.Community, in)
				})
			}
			work.Wait()
			made := 0
			for _, err := range results {
				e := errs.From(err)
				switch {
				case err == nil:
					made++
				case e == nil || e.Kind != errs.Conflict || len(e.Fields) == 0 || e.Fields[0].Field != row.field:
					f.Errorf("%s: %v", name, err)
				}
			}
			if made != 1 || f.Total() != before+1 {
				f.Errorf("%s: %d were made, %d members more", name, made, f.Total()-before)
			}
		}
	})
}

func TestAPersonWhoWasHereIsNotMadeAgain(t *testing.T) {
	each(t, func(f *fixture) {
		for state, code := range map[string]string{member.Deleted: "member_deleted", member.Left: "member_left", member.Banned: "member_banned", member.Pending: "email_taken"} {
			name := "was-" + state
			f.SetState(state, f.People(name)...)
			if got := f.refused(membertest.Input(name)); got["email"] != code || got[""] != "409" {
				f.Errorf("%s: %v", state, got)
			}
		}
	})
}
