package image

import (
	"context"

	"github.com/regulars/regulars/internal/errs"
	"github.com/regulars/regulars/internal/id"
	"github.com/regulars/regulars/internal/sqldb"
)

const columns = "id, owner_id, uploaded_by, file_id, name, type, size_bytes, width, height, uses, created_at"

func scan(s sqldb.Scanner) (i Image, err error) {
	return i, s.Scan(&i.ID, &i.OwnerID, &i.Uploader, &i.FileID, &i.Name, &i.Type, &i.Size, &i.Width, &i.Height, &i.Uses, &i.CreatedAt)
}

func insert(ctx context.Context, tx *sqldb.Tx, communityID string, i Image) error {
	_, err := tx.Exec(ctx, "INSERT INTO message_images (community_id, "+columns+") VALUES ("+sqldb.Placeholders(1, 12)+")",
		communityID, i.ID, i.OwnerID, i.Uploader, i.FileID, i.Name, i.Type, i.Size, i.Width, i.Height, i.Uses, i.CreatedAt)
	return err
}

func load(ctx context.Context, q sqldb.Querier, communityID, imageID string) (Image, error) {
	if !id.Valid(communityID) || !id.Valid(imageID) {
		return Image{}, errs.Missing("picture")
	}
	return sqldb.One(ctx, q, "picture", scan, "SELECT "+columns+" FROM message_images WHERE community_id = $1 AND id = $2", communityID, imageID)
}

// lockImages locks images in the order of their ids.
func lockImages(ctx context.Context, tx *sqldb.Tx, communityID string, ids []string) ([]Image, error) {
	return sqldb.All(ctx, tx, scan, "SELECT "+columns+" FROM message_images WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2")+" ORDER BY id "+tx.Dialect().Lock(), communityID, sqldb.Keys(ids))
}

type attachmentRow struct {
	messageID string
	Attachment
}

func selectAttachments(ctx context.Context, q sqldb.Querier, communityID string, messageIDs []string) ([]attachmentRow, error) {
	if len(messageIDs) == 0 {
		return nil, nil
	}
	return sqldb.All(ctx, q, func(s sqldb.Scanner) (a attachmentRow, err error) {
		return a, s.Scan(&a.messageID, &a.ID, &a.Name, &a.Type, &a.Size, &a.Width, &a.Height)
	}, `SELECT a.message_id, i.id, i.name, i.type, i.size_bytes, i.width, i.height FROM message_attachments a
		JOIN message_images i ON i.community_id = a.community_id AND i.id = a.image_id
		WHERE a.community_id = $1 AND `+q.Dialect().In("a.message_id", "$2")+" ORDER BY a.message_id, a.position", communityID, sqldb.Keys(messageIDs))
}

func selectIDs(ctx context.Context, q sqldb.Querier, communityID, messageID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT image_id FROM message_attachments WHERE community_id = $1 AND message_id = $2 ORDER BY position", communityID, messageID)
}

func insertAttachment(ctx context.Context, tx *sqldb.Tx, communityID, messageID, imageID string, position int) error {
	_, err := tx.Exec(ctx, "INSERT INTO message_attachments (community_id, message_id, position, image_id) VALUES ($1, $2, $3, $4)", communityID, messageID, position, imageID)
	return err
}

func addUses(ctx context.Context, tx *sqldb.Tx, communityID, authorID string, ids []string) error {
	_, err := tx.Exec(ctx, "UPDATE message_images SET uses = uses + 1, owner_id = CASE WHEN owner_id = '' THEN $3 ELSE owner_id END WHERE community_id = $1 AND "+tx.Dialect().In("id", "$2"), communityID, sqldb.Keys(ids), authorID)
	return err
}

func detach(ctx context.Context, tx *sqldb.Tx, communityID string, messageIDs []string) error {
	of, keys := "a.community_id = $1 AND "+tx.Dialect().In("a.message_id", "$2"), sqldb.Keys(messageIDs)
	const shown = "(SELECT count(*) FROM message_attachments a WHERE a.image_id = message_images.id AND "
	_, err := tx.Exec(ctx, "UPDATE message_images SET uses = uses - "+shown+of+"), created_at = CASE WHEN uses = "+shown+of+`) THEN 0 ELSE created_at END
		WHERE community_id = $1 AND id IN (SELECT a.image_id FROM message_attachments a WHERE `+of+")", communityID, keys)
	if err != nil {
		return err
	}
	_, err = tx.Exec(ctx, "DELETE FROM message_attachments WHERE community_id = $1 AND "+tx.Dialect().In("message_id", "$2"), communityID, keys)
	return err
}

func eraseOwners(ctx context.Context, tx *sqldb.Tx, communityID string, memberIDs, refs []string) error {
	owned := tx.Dialect().In("owner_id", "$2")
	for _, statement := range []string{
		"DELETE FROM message_attachments WHERE community_id = $1 AND image_id IN (SELECT id FROM message_images WHERE community_id = $1 AND " + owned + ")",
		"UPDATE message_images SET uses = 0, created_at = 0, owner_id = '', uploaded_by = '', name = '' WHERE community_id = $1 AND " + owned,
	} {
		if _, err := tx.Exec(ctx, statement, communityID, sqldb.Keys(memberIDs)); err != nil {
			return err
		}
	}
	_, err := tx.Exec(ctx, "UPDATE message_images SET uploaded_by = '' WHERE community_id = $1 AND "+tx.Dialect().In("uploaded_by", "$2"), communityID, sqldb.Keys(refs))
	return err
}

// Uses returns the messages that show an image.
func Uses(ctx context.Context, q sqldb.Querier, communityID, imageID string) ([]string, error) {
	return sqldb.All(ctx, q, sqldb.Value[string], "SELECT message_id FROM message_attachments WHERE community_id = $1 AND image_id = $2 ORDER BY message_id", communityID, imageID)
}

func usesFile(ctx context.Context, q sqldb.Querier, fileID string) (bool, error) {
	n, err := sqldb.One(ctx, q, "image", sqldb.Value[int], "SELECT count(*) FROM message_images WHERE file_id = $1", fileID)
	return n > 0, err
}

func deleteUnused(ctx context.Context, db *sqldb.DB, before int64) error {
	return db.DeleteBatches(ctx, "message_images", "community_id, id", "uses = 0 AND created_at < $1", before)
}
