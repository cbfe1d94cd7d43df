package message

import (
	"cmp"
	"strings"

	"github.com/regulars/regulars/internal/direct"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/readstate"
	"github.com/regulars/regulars/internal/ui"
)

// listed is the number of conversations beside the channels.
const listed = 30

// Talk is a conversation in the list.
type Talk struct {
	ID, Name string // Name: of the other participants
	Group    bool   // with several others
	State    readstate.State
}

// talks returns the conversations of the reader, the one with the last message first,
// and adds their states.
func (h *handlers) talks(v *ui.Request, states map[string]readstate.State) (talks []Talk, err error) {
	self, err := h.Members.Self(v.Context(), v.Actor, v.Community.ID)
	if err != nil {
		return nil, err
	}
	list, _, err := h.Direct.List(v.Context(), v.Actor, v.Community.ID, "", "", listed)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	read, err := h.ReadStates.OfConversations(v.Context(), v.Actor, v.Community.ID, "", list)
	if err != nil {
		return nil, err
	}
	for _, one := range list {
		states[one.ID] = read[one.ID]
		talks = append(talks, Talk{one.ID, talkName(v, one, self.ID), len(one.Participants) > 2, read[one.ID]})
	}
	return talks, nil
}

// talkName are the names of the other participants.
func talkName(v *ui.Request, one direct.Conversation, selfID string) string {
	var names []string
	for _, who := range one.Participants {
		if who.ID != selfID {
			names = append(names, cmp.Or(who.DisplayName, who.Username))
		}
	}
	if len(names) == 0 {
		return v.T("Deleted member")
	}
	return strings.Join(names, ", ")
}

// StartView is the page on which a conversation begins.
type StartView struct {
	ui.Page
	Users  string // as it was written
	Errors map[string]string
	Alert  ui.Alert
}

func (h *handlers) showStart(v *ui.Request) error {
	return h.renderStart(v, "", nil)
}

func (h *handlers) renderStart(v *ui.Request, users string, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := StartView{Users: users}
	if view.Errors = ui.FieldErrors(v.Context(), cause); view.Errors == nil {
		view.Alert = refused
	}
	if view.Page, _, err = h.page(v, "New conversation", "start"); err != nil {
		return err
	}
	return ui.Render(v, status, StartPage(view))
}

// start opens the conversation with the members of the form.
func (h *handlers) start(v *ui.Request) error {
	given := v.PostFormValue("users")
	found, _, err := h.Direct.Start(v.Context(), v.Actor, v.Community.ID, namesOf(given), "")
	if e := errs.From(err); e != nil && e.Kind.Status() < 500 {
		return h.renderStart(v, given, err)
	}
	if err != nil {
		return err
	}
	return v.Redirect(v.In("/channels/"+found.ID+"/messages"), "")
}

// namesOf are the references in a text: separated by commas, with or without @.
func namesOf(given string) (names []string) {
	for one := range strings.SplitSeq(given, ",") {
		if one = strings.TrimPrefix(strings.TrimSpace(one), "@"); one != "" {
			names = append(names, one)
		}
	}
	return names
}
