package app

import (
	"context"
	"time"
)

// stray is how old a stored file that nobody uses must be before it is taken
// for left over: longer than the longest upload.
const stray = 24 * time.Hour

// sweepStrays deletes files that belong to nothing: of uploads that broke off,
// and of pictures that were taken away.
func (p *Parts) sweepStrays(ctx context.Context) error {
	before := p.clock.Now().Add(-stray)
	return p.Files.List(func(fileID string, _ int64, modified time.Time) error {
		if modified.After(before) {
			return nil
		}
		for _, uses := range []func(context.Context, string) (bool, error){p.Bulk.Uses, p.Pictures.UsesFile} {
			if used, err := uses(ctx, fileID); err != nil || used {
				return err
			}
		}
		return p.Files.Delete(fileID)
	})
}
