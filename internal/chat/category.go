package chat

import (
	"context"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/patch"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Category groups channels.
type Category struct {
	ID        string
	Name      string
	Position  int   // order of categories, from 0; may have gaps
	CreatedAt int64 // Unix milliseconds
	UpdatedAt int64 // Unix milliseconds
}

// CategoryChange is a partial update; nil fields are unchanged.
type CategoryChange struct {
	Name     *string
	Position *int // before the category at this position; a too large one is the end
}

// Categories returns the categories of a community in order.
func (c *Chat) Categories(ctx context.Context, caller actor.Actor, communityID string) ([]Category, error) {
	if err := c.access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return nil, err
	}
	return categoriesOf(ctx, c.db, communityID)
}

// Category returns a category, or NotFound "category_not_found".
func (c *Chat) Category(ctx context.Context, caller actor.Actor, communityID, categoryID string) (Category, error) {
	if err := c.access.Can(ctx, caller, communityID, permission.AnyMember); err != nil {
		return Category{}, err
	}
	return categoryByID(ctx, c.db, communityID, categoryID)
}

// CreateCategory creates a category at the end. It fails with the errors of Can
// for Channels, Invalid "invalid_input" or Conflict "too_many_categories".
func (c *Chat) CreateCategory(ctx context.Context, actor actor.Actor, communityID, name string) (Category, error) {
	now := c.clock.Now()
	created := Category{ID: id.New(now), CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli()}
	err := c.change(ctx, actor, communityID, func(tx *sqldb.Tx) (err error) {
		if created.Name, err = categoryName(name); err != nil {
			return err
		}
		all, err := categoriesOf(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(all) >= maxCategories {
			return errs.New(errs.Conflict, "too_many_categories", "A community has at most %d categories. Delete an unused one.", maxCategories)
		}
		created.Position = 0
		for _, one := range all {
			created.Position = max(created.Position, one.Position+1)
		}
		if err := insertCategory(ctx, tx, communityID, created); err != nil {
			return err
		}
		return recordCategory(ctx, tx, actor, created.UpdatedAt, communityID, "category.create", created, audit.Change{Field: "name", New: created.Name})
	})
	return created, err
}

func categoryName(name string) (string, error) {
	name, ok := text.Line(name, maxTopic)
	if !ok || name == "" {
		return "", errs.InvalidFields([]errs.Field{{Field: "name", Code: "invalid", Message: "A name has 1 to 100 characters, none of them a control character."}})
	}
	return name, nil
}

// UpdateCategory changes a category. It fails as CreateCategory does, or with
// NotFound "category_not_found".
func (c *Chat) UpdateCategory(ctx context.Context, actor actor.Actor, communityID, categoryID string, change CategoryChange) (Category, error) {
	var changed Category
	err := c.change(ctx, actor, communityID, func(tx *sqldb.Tx) error {
		old, err := categoryByID(ctx, tx, communityID, categoryID)
		if err != nil {
			return err
		}
		changed = old
		patch.Set(&changed.Name, change.Name)
		if changed.Name, err = categoryName(changed.Name); err != nil {
			return err
		}
		if change.Position != nil {
			if err := placeCategory(ctx, tx, communityID, &changed, *change.Position); err != nil {
				return err
			}
		}
		if changed == old {
			return nil
		}
		changed.UpdatedAt = c.clock.MS()
		if err := updateCategory(ctx, tx, communityID, changed); err != nil {
			return err
		}
		changes := audit.Diff(
			audit.Change{Field: "name", Old: old.Name, New: changed.Name},
			audit.Change{Field: "position", Old: old.Position, New: changed.Position},
		)
		return recordCategory(ctx, tx, actor, changed.UpdatedAt, communityID, "category.update", changed, changes...)
	})
	return changed, err
}

// placeCategory sets the position of a category and shifts the following ones.
func placeCategory(ctx context.Context, tx *sqldb.Tx, communityID string, moved *Category, wanted int) error {
	all, err := categoriesOf(ctx, tx, communityID)
	if err != nil {
		return err
	}
	moved.Position = min(max(wanted, 0), len(all)-1)
	position := 0
	for _, one := range all {
		if one.ID == moved.ID {
			continue
		}
		if position == moved.Position {
			position++
		}
		if one.Position != position {
			if err := moveCategory(ctx, tx, communityID, one.ID, position); err != nil {
				return err
			}
		}
		position++
	}
	return nil
}

// DeleteCategory deletes a category. Its channels become the last ones without a
// category. It fails as UpdateCategory does.
func (c *Chat) DeleteCategory(ctx context.Context, actor actor.Actor, communityID, categoryID string) error {
	return c.change(ctx, actor, communityID, func(tx *sqldb.Tx) error {
		old, err := categoryByID(ctx, tx, communityID, categoryID)
		if err != nil {
			return err
		}
		all, err := All(ctx, tx, communityID)
		if err != nil {
			return err
		}
		next := end(all, "")
		for _, ch := range all {
			if ch.CategoryID != categoryID {
				continue
			}
			if err := moveChannel(ctx, tx, communityID, ch.ID, "", next); err != nil {
				return err
			}
			moved := ch
			moved.CategoryID, moved.Position, moved.Version = "", next, ch.Version+1
			if err := appendEvent(ctx, tx, actor, c.clock.MS(), communityID, ch, moved); err != nil {
				return err
			}
			next++
		}
		if err := deleteCategory(ctx, tx, communityID, categoryID); err != nil {
			return err
		}
		return recordCategory(ctx, tx, actor, c.clock.MS(), communityID, "category.delete", old, audit.Change{Field: "name", Old: old.Name})
	})
}

func categoryExists(ctx context.Context, q sqldb.Querier, communityID, categoryID string) error {
	if categoryID == "" {
		return nil
	}
	_, err := categoryByID(ctx, q, communityID, categoryID)
	return err
}

func recordCategory(ctx context.Context, tx *sqldb.Tx, by actor.Actor, now int64, communityID string, action audit.Verb, about Category, changes ...audit.Change) error {
	return audit.Record(ctx, tx, by, now, communityID, action, audit.Target{Type: "category", ID: about.ID, Name: about.Name}, changes...)
}
