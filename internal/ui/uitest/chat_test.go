package uitest_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/regulars/regulars/internal/app/apptest"
	"github.com/regulars/regulars/internal/chat"
	"github.com/regulars/regulars/internal/message"
	"github.com/regulars/regulars/internal/message/post"
)

// room is a channel with its owner in a browser.
type room struct {
	*browser
	communityID, channelID string
}

// enterChat opens a channel with some messages in a browser; nil: there is none.
func enterChat(t *testing.T, messages int) *room {
	t.Helper()
	b := startBrowser(t)
	if b == nil {
		return nil
	}
	r := &room{browser: b, communityID: b.signIn()}
	b.app.Import(t, r.communityID, b.app.Key(t, r.communityID), "Email,Username,First Name,Last Name\nmia@example.com,mia,Mia,M\n", nil)
	made, err := b.app.Chat.CreateChannel(t.Context(), apptest.Operator, r.communityID, chat.Input{Topic: "general", Description: "Talk about everything"})
	if err != nil {
		t.Fatal(err)
	}
	r.channelID = made.ID
	for i := range messages {
		r.post("mia", fmt.Sprintf("Message number %d.", i))
	}
	b.open(r.address())
	b.ready()
	return r
}

func (r *room) address() string {
	return "/c/" + r.communityID + "/channels/" + r.channelID + "/messages"
}

// post posts a message of a member and returns its id.
func (r *room) post(username, text string) string {
	r.Helper()
	sent, err := r.app.Posts.Send(r.Context(), apptest.Operator, r.communityID, r.channelID, post.Input{Sender: username, Text: text})
	if err != nil {
		r.Fatal(err)
	}
	return sent.ID
}

// ready waits until the page is live.
func (b *browser) ready() {
	b.Helper()
	b.until("the page is live", `document.querySelector("chat-channel.scripted-chat[data-live]") !== null`)
}

// write sends a message by the keyboard.
func (b *browser) write(text string) {
	b.Helper()
	b.do("write "+text, chromedp.Focus("#message", chromedp.ByQuery), chromedp.SendKeys("#message", text, chromedp.ByQuery),
		input.DispatchKeyEvent(input.KeyRawDown).WithKey("Enter").WithCode("Enter").WithWindowsVirtualKeyCode(13))
}

// shows waits until the page shows a message once, and no other with its text.
func (b *browser) shows(text string) {
	b.Helper()
	b.until("one message "+text, `[...document.querySelectorAll("li.message:not(.pending) .message-text")].filter((one) => one.innerText.includes(`+quote(text)+`)).length === 1`)
}

// as is a second browser in which a member has opened the channel through a proxy.
func (r *room) as(username string, proxy *apptest.Proxy) *browser {
	r.Helper()
	ctx, _ := Tab(r.T)
	second := &browser{T: r.T, ctx: ctx, app: r.app}
	_, token := r.app.Claim(r.T, r.communityID, username)
	second.do("sign in", chromedp.ActionFunc(func(ctx context.Context) error {
		return network.SetCookie("regulars", token).WithURL(proxy.URL).Do(ctx)
	}), chromedp.Navigate(proxy.URL+r.address()), chromedp.WaitReady("#main"))
	second.ready()
	return second
}

// Two members talk, one of them over a network that is cut, slow and sliced: each
// message arrives once.
func TestMembersTalkOverABadNetwork(t *testing.T) {
	olivia := enterChat(t, 0)
	if olivia == nil {
		return
	}
	proxy := apptest.StartProxy(t, olivia.app.URL())
	mia := olivia.as("mia", proxy)
	olivia.write("Good morning")
	olivia.shows("Good morning")
	mia.shows("Good morning")

	mia.do("type", chromedp.SendKeys("#message", "I am", chromedp.ByQuery))
	olivia.until("mia is writing", `document.querySelector(".typing").innerText !== ""`)
	mia.write(" here")
	olivia.shows("I am here")
	olivia.until("mia has written", `document.querySelector(".typing").innerText === ""`)

	proxy.Disconnect()
	mia.write("Sent in a tunnel")
	mia.until("the message waits", `document.querySelector("li.message.pending") !== null`)
	olivia.write("Did you hear that?")
	mia.until("the cut is shown", `!document.querySelector(".offline").hidden`)
	proxy.Restore()
	for _, b := range []*browser{olivia.browser, mia} {
		b.shows("Sent in a tunnel")
		b.shows("Did you hear that?")
	}
	mia.until("nothing waits", `document.querySelector("li.message.pending") === null && document.querySelector(".offline").hidden`)

	proxy.Slow(300, 20)
	for i := range 5 {
		mia.write(fmt.Sprintf("Slow %d.", i))
	}
	for i := range 5 {
		olivia.shows(fmt.Sprintf("Slow %d.", i))
		mia.shows(fmt.Sprintf("Slow %d.", i))
	}
	proxy.Restore()
	var order string
	olivia.do("read the order", chromedp.Evaluate(`[...document.querySelectorAll("li.message .message-text")].map((one) => one.innerText.trim()).filter((one) => one.startsWith("Slow")).join(" ")`, &order))
	if order != "Slow 0. Slow 1. Slow 2. Slow 3. Slow 4." {
		t.Errorf("the order is %q", order)
	}
}

func TestMessagesAreChangedInPlace(t *testing.T) {
	olivia := enterChat(t, 3)
	if olivia == nil {
		return
	}
	proxy := apptest.StartProxy(t, olivia.app.URL())
	mia := olivia.as("mia", proxy)
	olivia.checkLooks("chat")
	olivia.write("I know the anser")
	mia.shows("I know the anser")

	olivia.do("edit by key", chromedp.Focus("#message", chromedp.ByQuery), chromedp.KeyEvent(kb.ArrowUp))
	olivia.until("the dialog", `document.activeElement?.id === "f-message" && document.querySelector("#sheet").open`)
	olivia.check("chat-edit")
	olivia.do("correct", chromedp.SetValue("#f-message", "I know the answer", chromedp.ByQuery))
	olivia.press("Save")
	olivia.shows("I know the answer")
	mia.shows("I know the answer")
	mia.sees("(edited)")

	mia.do("react", chromedp.Evaluate(`document.querySelector("li.message:last-child [data-key='+']").click()`, nil))
	mia.until("the picker", `document.querySelector("#sheet[open] [data-filter]") !== null`)
	mia.do("find an emoji", chromedp.SendKeys("#sheet [data-filter]", "tada", chromedp.ByQuery))
	mia.do("choose it", chromedp.Click(`#sheet button[title=":tada:"]`, chromedp.ByQuery))
	olivia.until("the reaction", `document.querySelector("li.message:last-child .reaction")?.innerText.includes("1")`)
	olivia.do("react too", chromedp.Click("li.message:last-child .reaction", chromedp.ByQuery))
	mia.until("two reactions", `document.querySelector("li.message:last-child .reaction")?.innerText.includes("2")`)

	mia.do("reply", chromedp.Evaluate(`document.querySelector("li.message:last-child [data-reply]").click()`, nil))
	mia.write("Tell us")
	olivia.shows("Tell us")
	olivia.until("what it answers", `document.querySelector("li.message:last-child .answered").innerText.includes("I know the answer")`)

	olivia.do("more", chromedp.Evaluate(`[...document.querySelectorAll("li.message.own [data-key='m']")].at(-1).click()`, nil))
	olivia.press("Pin")
	mia.until("the pin", `document.querySelector("li.message .with-icon") !== null`)
	olivia.do("delete", chromedp.Evaluate(`[...document.querySelectorAll("li.message .message-text")].find((one) => one.innerText.includes("number 1")).closest("li").querySelector("[data-key='m']").click()`, nil))
	olivia.press("Delete message")
	mia.until("it is gone", `!document.body.innerText.includes("number 1")`)
}

// Older messages appear while scrolling, and what is read does not move.
func TestOlderMessagesAppearWhileScrolling(t *testing.T) {
	olivia := enterChat(t, 120)
	if olivia == nil {
		return
	}
	olivia.until("the newest is at the end", `document.querySelectorAll("li.message").length === 50`)
	olivia.do("scroll up", chromedp.Evaluate(`window.first = document.querySelector("li.message"); const box = document.querySelector(".messages"); box.scrollTop = -(box.scrollHeight - box.clientHeight); window.at = window.first.getBoundingClientRect().top`, nil))
	olivia.until("older messages", `document.querySelectorAll("li.message").length >= 100`)
	olivia.until("it stays where it was", `Math.abs(window.first.getBoundingClientRect().top - window.at) < 2`)
	olivia.do("scroll up", chromedp.Evaluate(`const all = document.querySelector(".messages"); all.scrollTop = -(all.scrollHeight - all.clientHeight)`, nil))
	olivia.until("all messages once and in order", `document.querySelectorAll("li.message").length === 120 && [...document.querySelectorAll("li.message")].every((one, i) => one.innerText.includes("number " + i + "."))`)
	olivia.post("mia", "A new one")
	olivia.until("new ones do not move the page", `document.querySelectorAll("li.message").length === 121 && !document.querySelector("[data-bottom]").hidden`)
	olivia.press("Newest messages")
	olivia.until("the end", `document.querySelector(".messages").scrollTop === 0`)
}

// What the server refuses stays on the page with the reason.
func TestRefusedMessageStaysOnThePage(t *testing.T) {
	olivia := enterChat(t, 1)
	if olivia == nil {
		return
	}
	links := strings.Repeat("https://example.com/a ", message.MaxLinks+1)
	olivia.write(links)
	olivia.sees("Not sent: ", "Send again")
	olivia.check("chat-not-sent")
	olivia.do("load the page again", chromedp.Reload())
	olivia.sees("Not sent: ")
	olivia.do("discard", chromedp.Click("li.pending [data-discard]", chromedp.ByQuery))
	olivia.until("it is gone", `document.querySelector("li.pending") === null`)
	olivia.do("write a draft", chromedp.SendKeys("#message", "half a thought", chromedp.ByQuery), chromedp.Reload())
	olivia.until("the draft is kept", `document.querySelector("#message")?.value === "half a thought"`)
}

// Pictures are added by choosing, pasting and dropping, shown before they are sent, and
// sent together.
func TestPicturesAreSentWithAMessage(t *testing.T) {
	olivia := enterChat(t, 1)
	if olivia == nil {
		return
	}
	file := filepath.Join(t.TempDir(), "plan.png")
	if err := os.WriteFile(file, smallPicture(t), 0o600); err != nil {
		t.Fatal(err)
	}
	shown := func(n int) string {
		return fmt.Sprintf(`document.querySelectorAll(".uploads input[name=attachment]").length === %d && document.querySelectorAll(".uploads img").length === %d`, n, n)
	}
	olivia.do("choose a picture", chromedp.SetUploadFiles(".composer input[type=file]", []string{file}, chromedp.ByQuery))
	olivia.until("it is uploaded", shown(1))
	const transfer = `const canvas = document.createElement("canvas"); canvas.width = canvas.height = 8; canvas.toBlob((blob) => {
		const transfer = new DataTransfer(); transfer.items.add(new File([blob], "new.png", { type: "image/png" })); `
	olivia.do("paste one", chromedp.Evaluate(`{`+transfer+`document.querySelector("#message").dispatchEvent(new ClipboardEvent("paste", { clipboardData: transfer, bubbles: true, cancelable: true })); }); }`, nil))
	olivia.until("it is uploaded too", shown(2))
	olivia.do("drop one", chromedp.Evaluate(`{`+transfer+`document.querySelector(".messages").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })); }); }`, nil))
	olivia.until("three are uploaded", shown(3))
	olivia.check("chat-uploads")
	olivia.do("remove one", chromedp.Click(".uploads li:last-child [data-remove]", chromedp.ByQuery))
	olivia.until("two are left", shown(2))
	olivia.do("drop a text", chromedp.Evaluate(`{ const transfer = new DataTransfer(); transfer.items.add(new File(["text"], "note.png", { type: "image/png" })); document.querySelector(".messages").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true })); }`, nil))
	olivia.until("the reason", `document.querySelector(".uploads .error:not([hidden])")?.innerText.startsWith("note.png: ")`)
	olivia.do("remove it", chromedp.Click(".uploads li:last-child [data-remove]", chromedp.ByQuery))
	olivia.write("Two pictures")
	olivia.shows("Two pictures")
	olivia.until("both are shown", `document.querySelectorAll("li.message:last-child .pictures img").length === 2`)
}

// Everything can be done by keys, and a message can be marked unread.
func TestChatWorksByKeys(t *testing.T) {
	olivia := enterChat(t, 3)
	if olivia == nil {
		return
	}
	if _, err := olivia.app.Chat.CreateChannel(t.Context(), apptest.Operator, olivia.communityID, chat.Input{Topic: "quiet"}); err != nil {
		t.Fatal(err)
	}
	olivia.open(olivia.address())
	olivia.ready()
	key := func(what, key string, modifiers ...input.Modifier) {
		t.Helper()
		olivia.do(what, chromedp.KeyEvent(key, chromedp.KeyModifiers(modifiers...)))
	}
	olivia.do("go to the message", chromedp.Focus("#message", chromedp.ByQuery))
	key("go to the messages", kb.Tab, input.ModifierShift)
	olivia.until("the last one has the focus", `document.activeElement.innerText.includes("number 2")`)
	key("go up", kb.ArrowUp)
	olivia.until("the one before", `document.activeElement.innerText.includes("number 1")`)
	key("reply", "r")
	olivia.until("the reply", `document.activeElement.id === "message" && document.querySelector("[data-answered]").innerText.includes("number 1")`)
	key("cancel the reply", kb.Escape)
	olivia.until("no reply", `document.querySelector(".replying").hidden`)
	key("go to the messages", kb.Tab, input.ModifierShift)
	key("react", "+")
	olivia.until("the picker", `document.querySelector("#sheet[open] [data-filter]") !== null`)
	key("close it", kb.Escape)
	olivia.until("it is closed", `!document.querySelector("#sheet").open`)
	olivia.do("go to the first", chromedp.Evaluate(`document.querySelector("li.message").focus()`, nil))
	key("open all actions", "m")
	olivia.sees("Mark unread")
	var link string
	olivia.do("read the link", chromedp.AttributeValue("[data-copy-link]", "value", &link, nil, chromedp.ByQuery))
	if !strings.Contains(link, "/messages?around=") {
		t.Errorf("the link is %s", link)
	}
	olivia.press("Mark unread")
	olivia.until("the line of new messages", `document.querySelector("#unread")?.nextElementSibling.innerText.includes("number 0")`)
	olivia.until("three are unread", `document.querySelector("#channel-list a[aria-current] .count")?.innerText.startsWith("3")`)
	olivia.do("look away", chromedp.Evaluate(`document.activeElement.blur()`, nil))
	key("go to the next channel", kb.ArrowDown, input.ModifierAlt)
	olivia.until("the other channel", `document.querySelector(".chat-head h1").innerText.includes("quiet")`)
	olivia.do("go to a day", chromedp.Navigate(olivia.app.URL()+olivia.address()+"?day=2020-01-01"))
	olivia.until("its messages", `document.querySelectorAll("li.message").length === 3`)
}
