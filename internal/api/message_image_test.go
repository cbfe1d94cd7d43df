package api_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/png"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/regulars/regulars/internal/access/permission"
	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/sqldb"
)

func imagePNG(t *testing.T) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := png.Encode(&out, image.NewNRGBA(image.Rect(0, 0, 8, 4))); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// hugePNG declares 30,000 x 30,000 pixels that it does not have.
func hugePNG(t *testing.T) []byte {
	t.Helper()
	out := imagePNG(t)
	binary.BigEndian.PutUint32(out[16:], 30_000)
	binary.BigEndian.PutUint32(out[20:], 30_000)
	binary.BigEndian.PutUint32(out[29:], crc32.ChecksumIEEE(out[12:29]))
	return out
}

func animatedGIF(t *testing.T) []byte {
	t.Helper()
	frame := image.NewPaletted(image.Rect(0, 0, 8, 4), color.Palette{color.Black, color.White})
	var out bytes.Buffer
	if err := gif.EncodeAll(&out, &gif.GIF{Image: []*image.Paletted{frame, frame, frame}, Delay: []int{1, 1, 1}}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// upload sends files as the parts images, and fields as names and values before them.
func (c *chatRoom) upload(who string, files [][]byte, fields ...string) reply {
	c.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i < len(fields); i += 2 {
		_ = w.WriteField(fields[i], fields[i+1]) // a buffer never fails
	}
	for i, file := range files {
		part, err := w.CreateFormFile("images", fmt.Sprintf("map%d.png", i))
		if err != nil {
			c.Fatal(err)
		}
		_, _ = part.Write(file)
	}
	_ = w.Close()
	return send(c.T, c.a, "POST", "/v1/messages/upload-image", c.tokens[who], b.String(), "Content-Type", w.FormDataContentType())
}

type uploaded struct {
	ID, Name, URL, Type string
	Size                int64
}

func (c *chatRoom) uploaded(who string, files ...[]byte) (list []uploaded) {
	c.Helper()
	got := c.upload(who, files)
	if err := json.Unmarshal([]byte(got.text), &list); err != nil || got.status != 200 || len(list) != len(files) {
		c.Fatalf("%d %s: %v", got.status, got.text, err)
	}
	return list
}

// fetch opens an absolute address and returns status and content.
func (c *chatRoom) fetch(who, address string) (int, []byte) {
	c.Helper()
	r, err := http.NewRequestWithContext(c.Context(), "GET", address, nil)
	if err != nil {
		c.Fatal(err)
	}
	if who != "" {
		r.Header.Set("Authorization", "Bearer "+c.tokens[who])
	}
	status, _, body := c.a.Send(c.T, r)
	return status, body
}

func (c *chatRoom) sendImages(who, channel, rest string, ids ...string) reply {
	c.Helper()
	return c.send(who, "POST", "/v1/messages/send", fmt.Sprintf(`{"channelId":%q,"message":"","attachments":["%s"]%s}`, channel, strings.Join(ids, `","`), rest))
}

func (c *chatRoom) files() (n int) {
	c.Helper()
	err := c.a.Files.List(c.Context(), func(string, int64, time.Time) error { n++; return nil })
	if err != nil {
		c.Fatal(err)
	}
	return n
}

func TestImagesAreUploadedAllOrNone(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		good := imagePNG(t)
		polyglot := append(bytes.Clone(good), "<script>alert(1)</script>"...)
		list := c.uploaded("ada", good, animatedGIF(t), polyglot)
		for i, one := range list {
			status, body := c.fetch("ada", one.URL)
			if status != 200 || one.Type != "image/png" || one.Size != int64(len(body)) || bytes.Contains(body, []byte("script")) || one.Name != fmt.Sprintf("map%d.png", i) {
				t.Errorf("%d %+v", status, one)
			}
			if _, err := png.Decode(bytes.NewReader(body)); err != nil {
				t.Error(err)
			}
		}
		before := c.files()
		c.want(400, "missing_file", c.upload("ada", nil))
		c.want(400, "image_dimensions", c.upload("ada", [][]byte{good, hugePNG(t)}))
		c.want(400, "image_damaged", c.upload("ada", [][]byte{good, good[:60]}))
		c.want(415, "image_type", c.upload("ada", [][]byte{good, []byte("<svg xmlns='http://www.w3.org/2000/svg'/>")}))
		c.want(415, "image_type", c.upload("ada", [][]byte{good, []byte("%PDF-1.7 that says it is a PNG")}))
		c.want(413, "image_too_large", c.upload("ada", [][]byte{good, append(bytes.Clone(good), make([]byte, 11<<20)...)}))
		c.want(404, "channel_not_found", c.upload("ada", [][]byte{good}, "channelId", "6a21d1c09f3b0c4d5e6f7a8b"))
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+c.general+"/overrides", `[{"userId":"`+c.ids["ada"]+`","deny":["attach_files"]}]`))
		c.want(403, "missing_permission", c.upload("ada", [][]byte{good}, "channelId", c.general))
		if after := c.files(); after != before {
			t.Errorf("%d files, then %d", before, after)
		}
		c.want(200, "", c.upload("ben", [][]byte{good}, "channelId", c.general))
		eleven := make([][]byte, 11)
		for i := range eleven {
			eleven[i] = good
		}
		c.want(400, "invalid_input", c.upload("cleo", eleven))
	})
}

func TestImagesBelongToTheirUploader(t *testing.T) {
	apptest.Each(t, func(t *testing.T, a *apptest.App) {
		c := newChatRoom(t, a)
		list := c.uploaded("ada", imagePNG(t), imagePNG(t))
		first, second := list[0].ID, list[1].ID
		c.want(404, "image_not_found", c.sendImages("ben", c.general, "", first))
		c.want(404, "image_not_found", c.sendImages("key", c.general, `,"sender":"ben"`, first))
		c.want(404, "image_not_found", c.sendImages("ada", c.general, "", "6a21d1c09f3b0c4d5e6f7a8b"))
		c.want(400, "invalid_input", c.sendImages("ada", c.general, "", first, first))
		sent := c.want(200, "", c.sendImages("ada", c.general, "", second, first)).at("data.messageId").(string)
		shown := c.send("ben", "GET", "/v1/messages/"+sent, "")
		if shown.at("data.attachments.0.id") != second || shown.at("data.attachments.1.id") != first || shown.at("data.attachments.0.width") != 8.0 {
			t.Errorf("%s", shown.text)
		}
		c.want(200, "", c.sendImages("ben", c.general, "", first)) // share_attachments
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+c.general+"/overrides", `[{"roleId":"`+everyoneOf(c)+`","deny":["share_attachments"]}]`))
		c.want(403, "missing_permission", c.sendImages("ben", c.general, "", first))
		c.want(403, "missing_permission", c.sendImages("ada", c.general, "", first))
		edited := c.want(200, "", c.send("ada", "PUT", "/v1/messages/"+sent, `{"message":"","attachments":["`+first+`"]}`))
		if list := edited.at("data.attachments").([]any); len(list) != 1 {
			t.Errorf("%s", edited.text)
		}
		c.want(404, "image_not_found", c.send("ada", "PUT", "/v1/messages/"+sent, `{"message":"","attachments":["`+second+`"]}`))
		c.want(400, "invalid_input", c.send("ada", "PUT", "/v1/messages/"+sent, `{"message":"","attachments":[]}`))
		byKey := c.uploaded("key", imagePNG(t))[0].ID
		c.want(404, "image_not_found", c.sendImages("ada", c.general, "", byKey))
		c.want(200, "", c.sendImages("key", c.general, `,"sender":"ben"`, byKey))
		owner, err := sqldb.One(t.Context(), a.DB, "image", sqldb.Value[string], "SELECT owner_id FROM message_images WHERE community_id = $1 AND id = $2", c.home, byKey)
		if err != nil || owner != c.ids["ben"] {
			t.Errorf("%s %v", owner, err)
		}
	})
}

// everyoneOf returns the id of the role @all.
func everyoneOf(c *chatRoom) string {
	c.Helper()
	id, err := sqldb.One(c.Context(), c.a.DB, "role", sqldb.Value[string], "SELECT id FROM roles WHERE community_id = $1 AND everyone", c.home)
	if err != nil {
		c.Fatal(err)
	}
	return id
}

func TestAddressesOfImagesExpireAndFollowTheChannel(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, move func(time.Duration)) {
		c := newChatRoom(t, a)
		hidden := createChannel(t, a, c.key, `{"topic":"staff","private":true}`)
		c.want(200, "", c.send("key", "PUT", "/v1/channels/"+hidden+"/overrides", fmt.Sprintf(`[{"userId":%q,"allow":["%s","%s","%s"]},{"userId":%q,"allow":["%s"]}]`,
			c.ids["ada"], permission.ViewMessageHistory, permission.PostMessages, permission.AttachFiles, c.ids["cleo"], permission.ViewMessageHistory)))
		one := c.uploaded("ada", imagePNG(t))[0]
		sent := c.want(200, "", c.sendImages("ada", hidden, "", one.ID)).at("data.messageId").(string)
		address := c.send("cleo", "GET", "/v1/messages/"+sent, "").at("data.attachments.0.url").(string)
		if !strings.HasPrefix(address, a.URL()+"/media/"+c.home+"/"+one.ID+"?") {
			t.Errorf("%s", address)
		}
		plain, _, _ := strings.Cut(address, "?")
		other := strings.Replace(address, "sig=", "sig=x", 1)
		later := strings.Replace(address, "exp=", "exp=9", 1)
		for _, row := range []struct {
			who, address string
			want         int
		}{
			{"", address, 200},
			{"ada", address, 200},
			{"cleo", address, 200},
			{"ben", address, 404},
			{"key", address, 200},
			{"", plain, 404},
			{"ada", plain, 404},
			{"", other, 404},
			{"", later, 404},
		} {
			if status, _ := c.fetch(row.who, row.address); status != row.want {
				t.Errorf("%s %s: %d, want %d", row.who, row.address, status, row.want)
			}
		}
		move(24*time.Hour + time.Second)
		if status, _ := c.fetch("", address); status != 404 {
			t.Errorf("after a day: %d", status)
		}
		c.tokens["late"] = a.Key(t, c.home)
		renewed := c.send("late", "GET", "/v1/messages/"+sent, "").at("data.attachments.0.url").(string)
		if status, _ := c.fetch("", renewed); status != 200 {
			t.Errorf("renewed: %d", status)
		}
		if err := a.Changes.Delete(t.Context(), apptest.Operator, c.home, sent); err != nil {
			t.Fatal(err)
		}
		if status, _ := c.fetch("", renewed); status != 404 {
			t.Errorf("deleted: %d", status)
		}
	})
}

func TestUnusedImagesAreDeletedAfterADay(t *testing.T) {
	eachWithClock(t, func(t *testing.T, a *apptest.App, move func(time.Duration)) {
		c := newChatRoom(t, a)
		list := c.uploaded("ada", imagePNG(t), imagePNG(t))
		c.want(200, "", c.sendImages("ada", c.general, "", list[0].ID))
		sweepMessages(t, a)
		count := func() (n int) {
			n, err := sqldb.One(t.Context(), a.DB, "image", sqldb.Value[int], "SELECT count(*) FROM message_images WHERE community_id = $1", c.home)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if count() != 2 {
			t.Errorf("%d images", count())
		}
		move(24*time.Hour + time.Minute)
		sweepMessages(t, a)
		fileID, err := sqldb.One(t.Context(), a.DB, "image", sqldb.Value[string], "SELECT file_id FROM message_images WHERE community_id = $1", c.home)
		if err != nil || count() != 1 {
			t.Fatalf("%d images, %v", count(), err)
		}
		if used, err := a.Messages.Images.UsesFile(t.Context(), fileID); err != nil || !used {
			t.Errorf("%v %v", used, err)
		}
	})
}
