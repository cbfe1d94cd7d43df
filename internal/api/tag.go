package api

import (
	"context"

	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/member"
)

type tag struct {
	ID        string `json:"_id" example:"6a21d1c09f3b0c4d5e6f7a8b"`
	Name      string `json:"name" example:"newsletter" doc:"Unique in the community, case-sensitive."`
	CreatedAt string `json:"createdAt" format:"date-time" example:"2026-04-07T08:50:16.000Z"`
}

func wireTag(t member.Tag) tag { return tag{t.ID, t.Name, clock.Format(t.CreatedAt)} }

// CommunityPath is a part of inputs; huma reads only exported ones.
type CommunityPath struct {
	CommunityID string `path:"communityId" doc:"The _id of the community." example:"6a21d1c09f3b0c4d5e6f7a8b"`
}

type tagPath struct {
	CommunityPath
	TagID string `path:"tagId" doc:"The _id of the tag."`
}

type newTag struct {
	CommunityPath
	Body struct {
		Name string `json:"name" doc:"1 to 50 characters, no comma." example:"newsletter"`
	} `nameHint:"NewTag"`
}

func (a *API) listTags(ctx context.Context, _ *CommunityPath) (*answer[[]tag], error) {
	tags, err := a.Members.Tags(ctx, here(ctx))
	if err != nil {
		return nil, err
	}
	return respond("Tags of the community", convert(tags, wireTag)), nil
}

func (a *API) createTag(ctx context.Context, in *newTag) (*answer[tag], error) {
	made, err := a.Members.CreateTag(ctx, here(ctx), in.Body.Name)
	if err != nil {
		return nil, err
	}
	return respond("Tag created", wireTag(made)), nil
}

func (a *API) deleteTag(ctx context.Context, in *tagPath) (*answer[deleted], error) {
	if err := a.Members.DeleteTag(ctx, here(ctx), in.TagID); err != nil {
		return nil, err
	}
	return respond("Tag deleted", deleted{in.TagID}), nil
}
