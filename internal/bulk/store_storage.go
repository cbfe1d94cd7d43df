package bulk

import (
	"context"

	"github.com/regulars/regulars/internal/sqldb"
)

func scanStorage(s sqldb.Scanner) (found Storage, err error) {
	err = s.Scan(&found.CommunityID, &found.Files, &found.UsedBytes)
	return found, err
}

const storageColumns = "community_id, count(*), CAST(sum(size) AS BIGINT)"

func selectStorage(ctx context.Context, q sqldb.Querier, communityID string) (Storage, error) {
	found, err := sqldb.All(ctx, q, scanStorage, "SELECT "+storageColumns+` FROM (SELECT community_id, file_id, max(file_size) AS size FROM bulk_jobs
		WHERE community_id = $1 AND file_id <> '' GROUP BY community_id, file_id) f GROUP BY community_id`, communityID)
	if err != nil || len(found) == 0 {
		return Storage{CommunityID: communityID}, err
	}
	return found[0], nil
}

func selectStorages(ctx context.Context, q sqldb.Querier) ([]Storage, error) {
	return sqldb.All(ctx, q, scanStorage, "SELECT "+storageColumns+` FROM (SELECT community_id, file_id, max(file_size) AS size FROM bulk_jobs
		WHERE file_id <> '' GROUP BY community_id, file_id) f GROUP BY community_id ORDER BY 3 DESC, 1`)
}
