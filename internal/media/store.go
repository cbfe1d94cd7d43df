package media

import (
	"context"
	"database/sql"
	"errors"

	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "community_id, id, file_id, kind, user_id, type, width, height, size_bytes, created_at"

func scan(s sqldb.Scanner) (Picture, error) {
	var p Picture
	err := s.Scan(&p.CommunityID, &p.ID, &p.FileID, &p.Kind, &p.OwnerID, &p.Type, &p.Width, &p.Height, &p.SizeBytes, &p.CreatedAt)
	return p, err
}

func insert(ctx context.Context, tx *sqldb.Tx, p Picture) error {
	_, err := tx.Exec(ctx, "INSERT INTO media ("+columns+") VALUES ("+sqldb.Placeholders(1, 10)+")",
		p.CommunityID, p.ID, p.FileID, string(p.Kind), p.OwnerID, p.Type, p.Width, p.Height, p.SizeBytes, p.CreatedAt)
	return err
}

func deletePictures(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM media WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2"), communityID, sqldb.Keys(ids))
	return err
}

func deleteByOwner(ctx context.Context, tx *sqldb.Tx, communityID string, ownerIDs []string) error {
	_, err := tx.Exec(ctx, "DELETE FROM media WHERE community_id = $1 AND user_id <> '' AND "+tx.Dialect().In("user_id", "$2"), communityID, sqldb.Keys(ownerIDs))
	return err
}

func load(ctx context.Context, q sqldb.Querier, communityID, pictureID string) (Picture, error) {
	if !id.Valid(communityID) || !id.Valid(pictureID) {
		return Picture{}, errNotFound()
	}
	p, err := scan(q.QueryRow(ctx, "SELECT "+columns+" FROM media WHERE community_id = $1 AND id = $2", communityID, pictureID))
	if errors.Is(err, sql.ErrNoRows) {
		return p, errNotFound()
	}
	return p, err
}

func usesFile(ctx context.Context, q sqldb.Querier, fileID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "picture", sqldb.Value[int], "SELECT count(*) FROM media WHERE file_id = $1", fileID)
	return n > 0, err
}
