package installation

import (
	"context"
	"slices"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/community"
)

// Community is a community with its figures.
type Community struct {
	community.Community
	Owners   []string // usernames, the earliest member first
	Members  int64    // active ones
	Files    int64    // stored files of bulk jobs
	Bytes    int64    // of these files
	ErasedAt int64    // end of the time in which a deleted one can be restored, Unix milliseconds; 0: not deleted
}

// Communities returns a page of the communities, deleted ones included, and the
// cursor of the next page, "" at the end. Search matches any part of the name
// without regard to case.
func (i *Installation) Communities(ctx context.Context, caller actor.Actor, q Query) ([]Community, string, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return nil, "", err
	}
	ids, err := selectCommunities(ctx, i.db, q)
	if err != nil {
		return nil, "", err
	}
	ids, next := page(ids, q.Limit, func(id string) string { return id })
	loaded, err := community.LoadMany(ctx, i.db, ids)
	if err != nil {
		return nil, "", err
	}
	slices.Reverse(loaded) // newest first
	list := make([]Community, len(loaded))
	for at, c := range loaded {
		list[at].Community = c
		if c.DeletedAt != 0 {
			list[at].ErasedAt = i.communities.ErasedAt(c)
		}
	}
	return list, next, i.addFigures(ctx, list, ids)
}

// addFigures adds owners, members and files to the communities with ids.
func (i *Installation) addFigures(ctx context.Context, list []Community, ids []string) error {
	owners, err := selectOwners(ctx, i.db, ids)
	if err != nil {
		return err
	}
	members, err := selectMembers(ctx, i.db, ids)
	if err != nil {
		return err
	}
	files, err := selectFiles(ctx, i.db, ids)
	if err != nil {
		return err
	}
	for at := range list {
		c := &list[at]
		c.Owners = owners[c.ID]
		for _, t := range members {
			if t.communityID == c.ID {
				c.Members = t.number
			}
		}
		for _, t := range files {
			if t.communityID == c.ID {
				c.Files, c.Bytes = t.number, t.bytes
			}
		}
	}
	return nil
}
