#!/usr/bin/env bash
# What the workbench leaves and shows in real terminals, by screenshots:
#
#     tui/testdata/terminals.sh INNATE RUN [FOLDER]
#
# INNATE is the program, RUN a stopped run with samples, FOLDER keeps the
# pictures. Needs of Debian: xvfb imagemagick xdotool fonts-dejavu-core, and of
# xterm konsole rxvt-unicode mlterm zutty terminology kitty those that are to be
# looked at. For each terminal it prints how many pixels differ
#
#   left      between a shell before and after the workbench, which must be none:
#             nothing of a question, an answer or a picture stays
#   help      between the help over a picture and over no picture, and
#   curves    the same of the curves after a picture: none but the word that names
#             the way of showing pictures
#
# and for xterm the size of a picture before and after its window was enlarged.
set -uo pipefail
innate=$(realpath "$1") run=$(realpath "$2") out=${3:-$(mktemp -d)}
mkdir -p "$out/home"
display=${TERMINALS_DISPLAY:-85}
Xvfb ":$display" -screen 0 1600x1000x24 >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb' EXIT
sleep 1
export DISPLAY=:$display HOME=$out/home XDG_RUNTIME_DIR=$out/home LC_ALL=C.UTF-8 LIBGL_ALWAYS_SOFTWARE=1 QT_QPA_PLATFORM=xcb SHELL=/bin/sh
unset TMUX TERM_PROGRAM COLORFGBG COLORTERM NO_COLOR INNATE_THEME
chmod 700 "$out/home"
font=(-fa "DejaVu Sans Mono")

# start TERMINAL COMMAND runs a command line in a terminal that shows no blinking
# cursor, and knows it as $window.
start() {
	case $1 in
	xterm) xterm -ti vt340 "${font[@]}" -geometry 130x42+0+0 -e sh -c "$2" & ;;
	konsole) konsole --nofork -p TerminalColumns=130 -p TerminalRows=42 --hide-menubar --hide-tabbar -e sh -c "$2" & ;;
	urxvt) urxvt -geometry 130x42+0+0 -e sh -c "$2" & ;;
	mlterm) mlterm -g 130x42 -e sh -c "$2" & ;;
	zutty) zutty -font DejaVuSansMono -geometry 130x42 -e sh -c "$2" & ;;
	terminology) terminology -e "sh -c '$2'" & ;;
	kitty) kitty -o remember_window_size=no -o initial_window_width=130c -o initial_window_height=42c sh -c "$2" & ;;
	esac >/dev/null 2>&1
	terminal=$!
	sleep "${wait:-8}"
	window=$(xdotool search --onlyvisible --name '.' 2>/dev/null | tail -1)
	xdotool windowfocus "$window" 2>/dev/null
}

stop() {
	kill $terminal 2>/dev/null
	wait $terminal 2>/dev/null
	sleep 0.5
}

shot() { sleep "${2:-2}" && import -window root "$out/$1.png"; }
differ() { compare -metric AE -fuzz 20% "$out/$1.png" "$out/$2.png" null: 2>&1; }

# look TERMINAL IMAGES opens the run, with help and curves, and leaves.
look() {
	rm -rf "$out/state"
	start "$1" "tput civis; echo before; XDG_STATE_HOME=$out/state INNATE_IMAGES=$2 $innate open $run; tput civis; echo after; exec sleep 600"
	shot "$1-$2-dashboard" 1
	xdotool key question
	shot "$1-$2-help"
	xdotool key Escape
	sleep 1.5
	xdotool key 2
	shot "$1-$2-curves"
	xdotool key q
	shot "$1-$2-left"
	stop
}

for t in xterm konsole urxvt mlterm zutty terminology kitty; do
	command -v $t >/dev/null || continue
	start $t "tput civis; echo before; tput civis; echo after; exec sleep 600"
	shot $t-shell 1
	stop
	if [ "$(convert "$out/$t-shell.png" -format %k info:)" = 1 ]; then
		echo "$t does not start here"
		continue
	fi
	look $t ""
	look $t off
	printf '%-12s left %s, help %s, curves %s\n' $t "$(differ $t-shell $t--left)" "$(differ $t-off-help $t--help)" "$(differ $t-off-curves $t--curves)"
done

# size SHOT is that of the picture's black in the middle of the view.
size() { convert "$out/$1.png" -crop "$2" +repage -fill white +opaque black -trim -format '%wx%h' info:; }

if command -v xterm >/dev/null; then
	start xterm "XDG_STATE_HOME=$out/state $innate open $run"
	xdotool key 4
	shot xterm-small
	xdotool windowsize "$window" 1400 900
	shot xterm-large 4
	echo "xterm        a picture of $(size xterm-small 800x400+50+70) pixels becomes one of $(size xterm-large 1250x640+70+70)"
	stop
fi
echo "pictures in $out"
