package message

import (
	"strings"

	"github.com/a-h/templ"

	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/i18n"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/message/topic"
	"github.com/regulars/regulars/internal/ui"
)

// TopicsView is the page of a forum.
type TopicsView struct {
	ui.Page
	Channel chat.Channel
	Path    string // of the topics
	Sort    topic.Sort
	Topics  []topic.Topic
	More    string // address of the next page; "": this is the last
	May     Rights
	Post    bool // the reader may create a topic
	Form    TopicForm
}

// TopicForm is the form of a topic.
type TopicForm struct {
	Title, Tags, Text, Nonce string
	Errors                   map[string]string
	Alert                    ui.Alert
}

var topicSorts = []ui.Choice{
	{Value: string(topic.Latest), Label: i18n.Key("Last message")},
	{Value: string(topic.ByCreation), Label: i18n.Key("Newest")},
	{Value: string(topic.Top), Label: i18n.Key("Most messages")},
}

func (h *handlers) showTopics(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	return h.renderTopics(v, at, TopicForm{Nonce: id.Secret(id.Size / 2)}, nil)
}

func (h *handlers) renderTopics(v *ui.Request, at location, form TopicForm, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	view := TopicsView{Channel: at.Channel, Path: v.In("/channels/" + at.id + "/topics"), Sort: topic.Latest, May: at.may, Post: at.may.SelfID != "" && at.RequirePosting() == nil, Form: form}
	if view.Form.Errors = ui.FieldErrors(v.Context(), cause); view.Form.Errors == nil {
		view.Form.Alert = refused
	}
	for _, one := range topicSorts {
		if one.Value == v.URL.Query().Get("sort") {
			view.Sort = topic.Sort(one.Value)
		}
	}
	list, next, err := h.Topics.List(v.Context(), v.Actor, v.Community.ID, at.id, view.Sort, v.URL.Query().Get("cursor"), ui.ListLimit)
	if err != nil {
		return err
	}
	view.Topics = list
	if next != "" {
		view.More = view.Path + "?sort=" + string(view.Sort) + "&cursor=" + next
	}
	if view.Page, _, err = h.page(v, at.Channel.Topic, at.id); err != nil {
		return err
	}
	return ui.Render(v, status, TopicsPage(view))
}

// createTopic creates a topic with its first message.
func (h *handlers) createTopic(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	d, err := h.readDraft(v)
	if err != nil {
		return err
	}
	if err := h.attach(v, at, &d); err != nil {
		return err
	}
	created, err := h.Topics.Create(v.Context(), v.Actor, v.Community.ID, at.id, topic.Input{Title: d.title, Tags: tagsOf(d.tags), First: d.Input})
	if err == nil {
		return v.Redirect(v.In("/channels/"+at.id+"/topics/"+created.ID), "")
	}
	return h.renderTopics(v, at, TopicForm{Title: d.title, Tags: d.tags, Text: d.Text, Nonce: d.Nonce}, err)
}

// tagsOf are the tags of a text with commas.
func tagsOf(given string) (tags []string) {
	for one := range strings.SplitSeq(given, ",") {
		if one = strings.TrimSpace(one); one != "" {
			tags = append(tags, one)
		}
	}
	return tags
}

// TopicSettings is the form of an existing topic.
type TopicSettings struct {
	topic.Topic
	Path   string // of the topic
	May    Rights
	Errors map[string]string
	Alert  ui.Alert
}

func (h *handlers) showTopic(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	return h.renderTopic(v, at, TopicSettings{Topic: *at.topic, Path: at.path, May: at.may}, nil)
}

func (h *handlers) renderTopic(v *ui.Request, at location, s TopicSettings, cause error) error {
	status, refused, err := ui.Rejected(v, cause)
	if err != nil {
		return err
	}
	if s.Errors = ui.FieldErrors(v.Context(), cause); s.Errors == nil {
		s.Alert = refused
	}
	return h.sheet(v, status, "Topic", at.id, at.path, func(p ui.Page) templ.Component { return TopicForms(p, s) })
}

// changeTopic changes the title and tags of a topic, and for managers the rest.
func (h *handlers) changeTopic(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	title, tags := v.PostFormValue("title"), tagsOf(v.PostFormValue("tags"))
	change := topic.Change{Title: &title, Tags: &tags}
	if at.may.Manage {
		pinned, locked := v.PostFormValue("pinned") != "", v.PostFormValue("locked") != ""
		change.Pinned, change.Locked = &pinned, &locked
	}
	if _, err = h.Topics.Update(v.Context(), v.Actor, v.Community.ID, at.id, at.topic.ID, change); err == nil {
		return v.Redirect(at.path, "Saved")
	}
	s := TopicSettings{Topic: *at.topic, Path: at.path, May: at.may}
	s.Title, s.Tags = title, tags
	return h.renderTopic(v, at, s, err)
}

func (h *handlers) deleteTopic(v *ui.Request) error {
	at, err := h.locate(v)
	if err != nil {
		return err
	}
	if err := h.Topics.Delete(v.Context(), v.Actor, v.Community.ID, at.id, at.topic.ID); err != nil {
		return err
	}
	return v.Redirect(v.In("/channels/"+at.id+"/topics"), "")
}
