package api_test

import (
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/blob/s3/s3test"
	"github.com/regulars/regulars/internal/clock"
	"github.com/regulars/regulars/internal/jobs"
	"github.com/regulars/regulars/internal/sqldb"
	"github.com/regulars/regulars/internal/sqldb/sqldbtest"
)

// sweepNow are the arguments of the job that deletes expired data.
type sweepNow struct{}

func (sweepNow) Kind() string { return "app.sweep" }

// sweepAll runs the job that deletes expired data until a number of files is left.
func (c *chatRoom) sweepAll(left int) {
	c.Helper()
	until(c.T, func() bool {
		err := c.a.DB.Tx(c.Context(), func(tx *sqldb.Tx) error {
			_, err := jobs.Insert(c.Context(), tx, sweepNow{}, jobs.Options{Unique: "test"})
			return err
		})
		if err != nil {
			c.Fatal(err)
		}
		return c.files() == left
	})
}

// The files of the images of an erased member are deleted, on disk and in a bucket. Those
// of others stay.
func TestImagesOfErasedMembersAreDeletedFromDiskAndBucket(t *testing.T) {
	for _, engine := range sqldbtest.Engines(t) {
		for _, inBucket := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, bucket %t", engine, inBucket), func(t *testing.T) {
				t.Parallel()
				var ahead atomic.Int64
				options := []apptest.Option{apptest.WithClock(clock.At(func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }))}
				if inBucket {
					server, started := s3test.Start(t)
					if !started {
						return
					}
					options = append(options, apptest.WithConfig(func(c *apptest.Config) {
						c.FilesURL, c.FilesKey, c.FilesSecret = server.URL(), s3test.Key, s3test.Secret
					}))
				}
				c := newChatRoom(t, apptest.New(t, engine, options...))
				kept, lost, unsent := c.uploaded("ada", imagePNG(t))[0], c.uploaded("ben", imagePNG(t))[0], c.uploaded("ben", imagePNG(t))[0]
				theirs := c.want(200, "", c.sendImages("ada", c.general, "", kept.ID)).at("data.messageId").(string)
				c.want(200, "", c.sendImages("ben", c.general, "", lost.ID))
				c.want(200, "", c.sendImages("ada", c.general, "", lost.ID)) // share_attachments
				if n := c.files(); n != 3 {
					t.Fatalf("%d files", n)
				}
				c.want(200, "", c.send("key", "POST", "/v1/users/manage", fmt.Sprintf(`{"communityId":%q,"user":%q,"action":"delete"}`, c.home, c.ids["ben"])))
				ahead.Store(int64(31 * 24 * time.Hour))
				c.sweepAll(1)
				left, err := sqldb.All(t.Context(), c.a.DB, sqldb.Value[string], "SELECT id FROM message_images")
				if err != nil || !slices.Equal(left, []string{kept.ID}) {
					t.Errorf("images %v, want %s and neither %s nor %s; %v", left, kept.ID, lost.ID, unsent.ID, err)
				}
				shown := c.want(200, "", c.send("key", "GET", "/v1/messages/"+theirs, ""))
				address, _ := shown.at("data.attachments.0.url").(string)
				if status, _ := c.fetch("key", address); status != 200 {
					t.Errorf("the image of another: %d %s", status, shown.text)
				}
			})
		}
	}
}
