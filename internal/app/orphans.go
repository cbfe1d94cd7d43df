package app

import (
	"context"
	"time"
)

// orphanAge is the minimum age at which an unreferenced file is deleted. It is
// longer than the longest upload.
const orphanAge = 24 * time.Hour

// sweepOrphans deletes unreferenced files, left by aborted uploads and removed
// pictures.
func (p *Services) sweepOrphans(ctx context.Context) error {
	before := p.clock.Now().Add(-orphanAge)
	return p.Files.List(ctx, func(fileID string, _ int64, modified time.Time) error {
		if modified.After(before) {
			return nil
		}
		for _, uses := range []func(context.Context, string) (bool, error){p.Bulk.Uses, p.Pictures.UsesFile, p.Messages.Images.UsesFile} {
			if used, err := uses(ctx, fileID); err != nil || used {
				return err
			}
		}
		return p.Files.Delete(ctx, fileID)
	})
}
