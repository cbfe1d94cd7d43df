package console

import (
	"net/http"
	"slices"
	"strings"

	"github.com/regulars/regulars/internal/access"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/errs"
)

func (c *console) showNewChannel(v *visit) error {
	return c.renderChannel(v, ChannelView{Parent: v.URL.Query().Get("category"), Type: string(chat.Open)}, nil)
}

// renderChannel shows the form of a channel; with a name it is one that is
// there.
func (c *console) renderChannel(v *visit, view ChannelView, cause error) error {
	status, refused, err := refusal(v, cause)
	if err != nil {
		return err
	}
	title := "New channel"
	if view.Name != "" {
		title = view.Name
	}
	if view.Page, err = c.page(v, title, "channels", ""); err != nil {
		return err
	}
	if view.Errors = wrongFields(v.Context(), cause); view.Errors == nil {
		view.Alert = refused
	}
	categories, err := c.Chat.Categories(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	view.Parents = []Choice{{"", v.T("In no category")}}
	for _, one := range categories {
		view.Parents = append(view.Parents, Choice{one.ID, one.Name})
	}
	for _, one := range channelTypes {
		if view.ID == "" || one.Value == string(chat.Open) || one.Value == string(chat.Announcement) {
			view.Types = append(view.Types, Choice{one.Value, v.T(one.Label)})
		}
	}
	return render(v, status, ChannelPage(view))
}

func channelForm(v *visit) ChannelView {
	return ChannelView{
		Topic: v.PostFormValue("topic"), Description: v.PostFormValue("description"), URL: strings.TrimSpace(v.PostFormValue("url")),
		Parent: v.PostFormValue("category"), Type: v.PostFormValue("channelType"), Private: v.PostFormValue("private") == "true",
	}
}

func (c *console) createChannel(v *visit) error {
	view := channelForm(v)
	made, err := c.Chat.CreateChannel(v.Context(), v.actor, v.community.ID, chat.Input{
		Topic: view.Topic, Type: chat.Type(view.Type), Description: view.Description, CategoryID: view.Parent, Private: view.Private, URL: view.URL,
	})
	if err != nil {
		return c.renderChannel(v, view, err)
	}
	return v.goTo(v.in("/channels/"+made.ID), v.T("The channel %s is made", made.Topic))
}

func (c *console) showChannel(v *visit) error {
	ch, err := c.Chat.Channel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	return c.renderChannel(v, ChannelView{
		ID: ch.ID, Name: ch.Topic, Topic: ch.Topic, Description: ch.Description, URL: ch.URL, Parent: ch.CategoryID, Type: string(ch.Type), Private: ch.Private,
	}, nil)
}

func (c *console) changeChannel(v *visit) error {
	old, err := c.Chat.Channel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	view := channelForm(v)
	change := chat.Change{Topic: &view.Topic, Description: &view.Description, Private: &view.Private}
	if view.Parent != old.CategoryID {
		change.CategoryID = &view.Parent
	}
	if old.Type == chat.Iframe {
		change.URL = &view.URL
	}
	if view.Type != "" {
		change.Type = (*chat.Type)(&view.Type)
	}
	if _, err := c.Chat.UpdateChannel(v.Context(), v.actor, v.community.ID, old.ID, change); err != nil {
		view.ID, view.Name = old.ID, old.Topic
		if view.Type == "" {
			view.Type = string(old.Type)
		}
		return c.renderChannel(v, view, err)
	}
	return v.goTo(v.in("/channels/"+old.ID), "Saved")
}

func (c *console) deleteChannel(v *visit) error {
	err := c.Chat.DeleteChannel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"))
	if err != nil && errs.KindOf(err) != errs.NotFound { // gone is what was asked for
		return err
	}
	return v.goTo(v.in("/channels"), "The channel is deleted")
}

// showFrame shows the page of another site inside the channel: that origin may
// be framed here, and nowhere else.
func (c *console) showFrame(v *visit) error {
	ch, err := c.Chat.Channel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	address, origin, err := c.Chat.Frame(v.Context(), v.community.ID, ch)
	if err != nil {
		return err
	}
	p, err := c.page(v, ch.Topic, "home", "")
	if err != nil {
		return err
	}
	p.Help = ch.Description
	v.w.Header().Set("Content-Security-Policy", policy+"; frame-src "+origin)
	return render(v, http.StatusOK, FramePage(FrameView{Page: p, ID: ch.ID, Topic: ch.Topic, Description: ch.Description, Address: address, Origin: origin}))
}

func (c *console) showOverrides(v *visit) error {
	ch, err := c.Chat.Channel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	return c.renderOverrides(v, ch, nil)
}

func (c *console) renderOverrides(v *visit, ch chat.Channel, cause error) error {
	status, refused, err := refusal(v, cause)
	if err != nil {
		return err
	}
	view := OverridesView{ID: ch.ID, Topic: ch.Topic, User: strings.TrimSpace(v.URL.Query().Get("user"))}
	if view.Page, err = c.page(v, v.T("Who may do what in %s", ch.Topic), "channels", ""); err != nil {
		return err
	}
	view.Alert = refused
	roles, err := c.Access.Roles(v.Context(), v.community.ID)
	if err != nil {
		return err
	}
	if err := c.overrideRows(v, &view, ch, roles); err != nil {
		return err
	}
	if view.User != "" {
		found, err := c.Chat.Explain(v.Context(), v.actor, v.community.ID, ch.ID, view.User)
		switch {
		case errs.KindOf(err) == errs.NotFound:
			if status, view.Alert, err = refusal(v, err); err != nil {
				return err
			}
		case err != nil:
			return err
		}
		if found.Member.ID != "" {
			view.Who = displayName(found.Member)
		}
		for _, r := range found.Rulings {
			at := slices.IndexFunc(channelGrants, func(g grant) bool { return g.Value == r.Permission })
			view.Rulings = append(view.Rulings, RulingRow{channelGrants[at].Label, r.Allowed, view.why(r.Decision)})
		}
	}
	return render(v, status, OverridesPage(view))
}

// overrideRows lists @all first, then roles by rank, then members.
func (c *console) overrideRows(v *visit, view *OverridesView, ch chat.Channel, roles []access.Role) error {
	row := func(key, name, class string, o access.Override) OverrideRow {
		says := map[string]string{}
		for _, permission := range o.Allow {
			says[permission] = "allow"
		}
		for _, permission := range o.Deny {
			says[permission] = "deny"
		}
		return OverrideRow{Key: key, Name: name, Class: class, Says: says}
	}
	added := v.URL.Query().Get("add")
	for i := range roles {
		role := roles[(i+len(roles)-1)%len(roles)] // the last one, of everyone, first
		at := slices.IndexFunc(ch.Overrides, func(o access.Override) bool { return o.RoleID == role.ID })
		switch {
		case at >= 0:
			one := row("role:"+role.ID, role.Title, role.Class, ch.Overrides[at])
			one.Hidden = role.Everyone && ch.Private
			view.Rows = append(view.Rows, one)
		case role.Everyone || added == role.ID:
			view.Rows = append(view.Rows, row("role:"+role.ID, role.Title, role.Class, access.Override{}))
		default:
			view.Roles = append(view.Roles, Choice{role.ID, role.Title})
		}
	}
	for _, o := range ch.Overrides {
		if o.UserID == "" {
			continue
		}
		name := o.UserID
		if found, err := c.Members.Find(v.Context(), v.community.ID, o.UserID); err == nil {
			name = displayName(found)
		} else if errs.KindOf(err) != errs.NotFound {
			return err
		}
		view.Rows = append(view.Rows, row("user:"+o.UserID, name, "", o))
	}
	if user := strings.TrimSpace(v.URL.Query().Get("member")); user != "" {
		found, err := c.Members.Find(v.Context(), v.community.ID, user)
		known := func(o access.Override) bool { return o.UserID == found.ID }
		switch {
		case err == nil && !slices.ContainsFunc(ch.Overrides, known):
			view.Rows = append(view.Rows, row("user:"+found.ID, displayName(found), "", access.Override{}))
		case errs.KindOf(err) == errs.NotFound:
			view.Alert = Alert{Message: v.T("There is no member %s.", user)}
		case err != nil:
			return err
		}
	}
	return nil
}

func (c *console) changeOverrides(v *visit) error {
	ch, err := c.Chat.Channel(v.Context(), v.actor, v.community.ID, v.PathValue("channel"))
	if err != nil {
		return err
	}
	if err := v.ParseForm(); err != nil {
		return errs.New(errs.Invalid, "bad_form", "The form could not be read. Send it again.").Because(err)
	}
	var inputs []chat.OverrideInput
	for _, key := range v.PostForm["subject"] {
		kind, subject, _ := strings.Cut(key, ":")
		in := chat.OverrideInput{RoleID: subject}
		if kind == "user" {
			in = chat.OverrideInput{User: subject}
		}
		for _, permission := range access.ChannelPermissions() {
			switch v.PostFormValue(key + ":" + permission) {
			case "allow":
				in.Allow = append(in.Allow, permission)
			case "deny":
				in.Deny = append(in.Deny, permission)
			}
		}
		if len(in.Allow)+len(in.Deny) > 0 {
			inputs = append(inputs, in)
		}
	}
	if _, err := c.Chat.SetOverrides(v.Context(), v.actor, v.community.ID, ch.ID, inputs); err != nil {
		return c.renderOverrides(v, ch, err)
	}
	return v.goTo(v.in("/channels/"+ch.ID+"/permissions"), "Saved")
}
