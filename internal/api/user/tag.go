package user

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/api"
	"github.com/regulars/regulars/internal/api/wire"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

var tagMembers = []actor.Permission{permission.UserFields, permission.BulkUpdateUser}

func (h *handlers) tagRoutes(g *api.Group) {
	api.Add(g, api.Route{
		Method: "GET", Path: "/v1/communities/{communityId}/tags", ID: "listTags", Summary: "List tags",
		Permissions: tagMembers, Tag: "Bulk",
		Description: "Lists all tags by name, without pages. A community has at most 5,000.",
	}, h.listTags)
	api.Add(g, api.Route{
		Method: "POST", Path: "/v1/communities/{communityId}/tags", ID: "createTag", Summary: "Create a tag",
		Permissions: tagMembers, Traits: api.Created, Tag: "Bulk",
		Description: "A name has 1 to 50 characters and is unique in the community; white space is folded. 409 `duplicate_tag`, `too_many_tags`.",
	}, h.createTag)
	api.Add(g, api.Route{
		Method: "PUT", Path: "/v1/communities/{communityId}/tags/{tagId}", ID: "updateTag", Summary: "Rename or merge a tag",
		Permissions: tagMembers, Tag: "Bulk",
		Description: "Renames the tag; its members keep it. If another tag has the name: 409 `duplicate_tag`, or with `merge` the members get that tag, which is the answer, and the tag ends. " +
			"Lists, filters and the old `_id` mean the other tag at once; a job replaces the tag at the members and writes their histories with the source `tag`. 404 `tag_not_found`.",
	}, h.updateTag)
	api.Add(g, api.Route{
		Method: "DELETE", Path: "/v1/communities/{communityId}/tags/{tagId}", ID: "deleteTag", Summary: "Delete a tag",
		Permissions: tagMembers, Tag: "Bulk",
		Description: "Removes the tag from all members too.",
	}, h.deleteTag)
}

type tag struct {
	ID        string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name      string `json:"name" example:"newsletter" doc:"Unique in the community, case-sensitive."`
	CreatedAt string `json:"createdAt" format:"date-time" example:"2026-04-07T08:50:16.000Z"`
}

func newTagView(t member.Tag) tag { return tag{t.ID, t.Name, clock.Format(t.CreatedAt)} }

type tagPath struct {
	wire.CommunityPath
	TagID string `path:"tagId" doc:"The _id of the tag."`
}

type newTag struct {
	wire.CommunityPath
	Body struct {
		Name string `json:"name" doc:"1 to 50 characters, none of , ; | and [." example:"newsletter"`
	} `nameHint:"NewTag"`
}

type tagUpdate struct {
	wire.CommunityPath
	TagID string `path:"tagId" doc:"The _id of the tag."`
	Body  struct {
		Name  string `json:"name" doc:"1 to 50 characters, none of , ; | and [." example:"newsletter"`
		Merge bool   `json:"merge,omitempty" doc:"Merges the tag into the one that has the name."`
	} `nameHint:"UpdateTag"`
}

func (h *handlers) listTags(ctx context.Context, _ *wire.CommunityPath) (*api.Answer[[]tag], error) {
	tags, err := h.members.Tags(ctx, actor.FromContext(ctx), api.CommunityID(ctx))
	if err != nil {
		return nil, err
	}
	return api.Respond("Tags of the community", api.Convert(tags, newTagView)), nil
}

func (h *handlers) createTag(ctx context.Context, in *newTag) (*api.Answer[tag], error) {
	created, err := h.members.CreateTag(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.Body.Name)
	if err != nil {
		return nil, err
	}
	return api.Respond("Tag created", newTagView(created)), nil
}

func (h *handlers) updateTag(ctx context.Context, in *tagUpdate) (*api.Answer[tag], error) {
	updated, err := h.members.UpdateTag(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.TagID, in.Body.Name, in.Body.Merge)
	if err != nil {
		return nil, err
	}
	return api.Respond("Tag updated", newTagView(updated)), nil
}

func (h *handlers) deleteTag(ctx context.Context, in *tagPath) (*api.Answer[wire.Deleted], error) {
	if err := h.members.DeleteTag(ctx, actor.FromContext(ctx), api.CommunityID(ctx), in.TagID); err != nil {
		return nil, err
	}
	return api.Respond("Tag deleted", wire.Deleted{ID: in.TagID}), nil
}
