package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/actor"
	"github.com/regulars/regulars/internal/bulk/job"
	"github.com/regulars/regulars/internal/sqldb"
)

// StorageOf returns the storage of a community.
func (b *Bulk) StorageOf(ctx context.Context, caller actor.Actor, communityID string) (job.Storage, error) {
	if err := b.may(ctx, caller, communityID); err != nil {
		return job.Storage{}, err
	}
	return b.storageOf(ctx, b.db, communityID)
}

func (b *Bulk) storageOf(ctx context.Context, q sqldb.Querier, communityID string) (job.Storage, error) {
	s, err := job.SelectStorage(ctx, q, communityID)
	s.QuotaBytes = b.limits.StorageBytes
	return s, err
}

// Storages returns the storage of all communities with files, the largest first.
// It fails with Forbidden "owner_required" unless the actor owns the installation.
func (b *Bulk) Storages(ctx context.Context, caller actor.Actor) ([]job.Storage, error) {
	if err := caller.RequireInstallationOwner(); err != nil {
		return nil, err
	}
	return b.storages(ctx)
}

func (b *Bulk) storages(ctx context.Context) ([]job.Storage, error) {
	all, err := job.SelectStorages(ctx, b.db)
	for i := range all {
		all[i].QuotaBytes = b.limits.StorageBytes
	}
	return all, err
}

// CheckStorage fails with Conflict "storage_quota_reached" if a file of at least
// so many bytes exceeds the quota, before it is received. Start and Stage
// decide.
func (b *Bulk) CheckStorage(ctx context.Context, caller actor.Actor, communityID string, bytes int64) error {
	if err := b.may(ctx, caller, communityID); err != nil {
		return err
	}
	if b.limits.StorageBytes <= 0 {
		return nil
	}
	s, err := b.storageOf(ctx, b.db, communityID)
	if err == nil && s.UsedBytes+max(bytes, 1) > s.QuotaBytes {
		err = s.QuotaError()
	}
	return err
}

// reserve checks the quota for the file of a job or draft that tx inserts.
// Reservations of a community exclude each other until their transactions end.
func (b *Bulk) reserve(ctx context.Context, tx *sqldb.Tx, j *job.Job) error {
	if b.limits.StorageBytes <= 0 {
		return nil
	}
	if err := tx.LockExclusive(ctx, "bulk_storage:"+j.CommunityID); err != nil {
		return err
	}
	s, err := b.storageOf(ctx, tx, j.CommunityID)
	if err == nil && s.UsedBytes+j.FileSize > s.QuotaBytes {
		err = s.QuotaError()
	}
	return err
}
