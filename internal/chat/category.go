package chat

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/audit"
	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/text"
)

// Category groups channels.
type Category struct {
	ID        string
	Name      string
	Position  int   // among the categories, from 0 up; there may be gaps
	CreatedAt int64 // Unix milliseconds
	UpdatedAt int64 // Unix milliseconds
}

// CategoryChange is what UpdateCategory changes; nil leaves it as it is.
type CategoryChange struct {
	Name     *string
	Position *int // among the categories: before the one that is there; too large is the end
}

// Categories returns the categories of a community in their order.
func (c *Chat) Categories(ctx context.Context, communityID string) ([]Category, error) {
	return categoriesOf(ctx, c.db, communityID)
}

// Category returns a category, or NotFound "category_not_found".
func (c *Chat) Category(ctx context.Context, communityID, categoryID string) (Category, error) {
	return categoryByID(ctx, c.db, communityID, categoryID)
}

// CreateCategory makes a category, the last one. It fails as Can does for
// Channels, with Invalid "invalid_input" or Conflict "too_many_categories".
func (c *Chat) CreateCategory(ctx context.Context, actor actor.Actor, communityID, name string) (Category, error) {
	now := c.clock.Now()
	made := Category{ID: id.New(now), CreatedAt: now.UnixMilli(), UpdatedAt: now.UnixMilli()}
	err := c.change(ctx, actor, communityID, func(ctx context.Context, tx *sqldb.Tx) (err error) {
		if made.Name, err = categoryName(name); err != nil {
			return err
		}
		all, err := categoriesOf(ctx, tx, communityID)
		if err != nil {
			return err
		}
		if len(all) >= maxCategories {
			return errs.New(errs.Conflict, "too_many_categories", "A community has at most %d categories. Delete one that nobody needs.", maxCategories)
		}
		made.Position = 0
		for _, one := range all {
			made.Position = max(made.Position, one.Position+1)
		}
		if err := insertCategory(ctx, tx, communityID, made); err != nil {
			return err
		}
		return noteCategory(ctx, tx, made.UpdatedAt, communityID, "category.create", made, audit.Change{Field: "name", New: made.Name})
	})
	return made, err
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
	err := c.change(ctx, actor, communityID, func(ctx context.Context, tx *sqldb.Tx) error {
		old, err := categoryByID(ctx, tx, communityID, categoryID)
		if err != nil {
			return err
		}
		changed = old
		set(&changed.Name, change.Name)
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
		var changes []audit.Change
		if changed.Name != old.Name {
			changes = append(changes, audit.Change{Field: "name", Old: old.Name, New: changed.Name})
		}
		if changed.Position != old.Position {
			changes = append(changes, audit.Change{Field: "position", Old: old.Position, New: changed.Position})
		}
		return noteCategory(ctx, tx, changed.UpdatedAt, communityID, "category.update", changed, changes...)
	})
	return changed, err
}

// placeCategory gives a category its position, and others theirs where it has
// to get in between.
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

// DeleteCategory deletes a category; its channels stay, in none, behind those
// that are in none already. It fails as UpdateCategory does.
func (c *Chat) DeleteCategory(ctx context.Context, actor actor.Actor, communityID, categoryID string) error {
	return c.change(ctx, actor, communityID, func(ctx context.Context, tx *sqldb.Tx) error {
		old, err := categoryByID(ctx, tx, communityID, categoryID)
		if err != nil {
			return err
		}
		all, err := channelsOf(ctx, tx, communityID)
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
			next++
		}
		if err := deleteCategory(ctx, tx, communityID, categoryID); err != nil {
			return err
		}
		return noteCategory(ctx, tx, c.clock.MS(), communityID, "category.delete", old, audit.Change{Field: "name", Old: old.Name})
	})
}

func categoryExists(ctx context.Context, q sqldb.Querier, communityID, categoryID string) error {
	if categoryID == "" {
		return nil
	}
	_, err := categoryByID(ctx, q, communityID, categoryID)
	return err
}

func noteCategory(ctx context.Context, tx *sqldb.Tx, now int64, communityID, action string, about Category, changes ...audit.Change) error {
	return audit.Record(ctx, tx, now, communityID, action, audit.Target{Type: "category", ID: about.ID, Name: about.Name}, changes...)
}
