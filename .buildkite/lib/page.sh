# shellcheck shell=bash
## page.sh - reads the marks that the list's page has for programs. Needs awk.

# page_tasks < PAGE: the tasks on it, from the top, one a line: id, tab, title as HTML has it.
page_tasks() {
  awk 'match($0, /data-task-id="[0-9]+"/) { id = substr($0, RSTART + 14, RLENGTH - 15) }
    match($0, /data-task-title>.*<\/h3>/) { print id "\t" substr($0, RSTART + 16, RLENGTH - 21) }'
}

# page_older < PAGE: the path of the next page, empty on the last one.
page_older() { sed -n 's/.*href="\([^"]*\)"[^>]* data-older>.*/\1/p' | sed 's/&amp;/\&/g'; }
