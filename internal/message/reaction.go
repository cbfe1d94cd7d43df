package message

// Reactions are those of one kind to a message.
type Reactions struct {
	Emoji     string `json:"emoji" example:"❤"`
	Shortcode string `json:"shortcode" example:":heart:"`
	Count     int64  `json:"count"`
	Me        bool   `json:"me" doc:"The reader is among them."`
}
