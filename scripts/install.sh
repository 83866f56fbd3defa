#!/bin/sh
# Installs nym-gateway as a system service, or replaces an older version.
# It does not start, stop or enable anything; it prints the commands for that.
set -eu
unset CDPATH # or cd might go elsewhere
umask 022 # installed files are readable by all users unless set otherwise below

usage() {
    cat <<'END'
usage:
    install.sh --binary <file>    installs this file; SHA256SUMS and the unit files are beside it or beside this script
    install.sh --url <address>    downloads the binary from this https address, and SHA256SUMS, its signature and
                                  the unit files from its folder
    install.sh --uninstall        removes program and service, which must be stopped; keeps keys, configuration and mail

options:
    --prefix <folder>    where bin/nym-gateway goes [default: /usr/local]
    --root <folder>      installs into this folder as if it were /, and creates no user (for images and packages)
    --service <manager>  systemd, openrc or none [default: detected]
    --release-key <file> the public SSH key (as in id_ed25519.pub) that must have signed SHA256SUMS
    --no-verify          installs a binary that SHA256SUMS does not list, such as one that you built
    -h, --help           prints this
END
}

USER_NAME=nym-gateway
STATE=/var/lib/nym-gateway
PAUSES=growing-pauses.conf
UNITS='nym-gateway nym-gateway@ nym-mixnode@ nym-directory@'
SCRIPTS='nym-gateway nym-gateway.* nym-mixnode.* nym-directory.*' # OpenRC's, for the gateway and for nodes by id
# The public key that releases are signed with, as in "ssh-ed25519 AAAA…". `deno task release --signing-key` sets it.
RELEASE_KEY=''
NAMESPACE=nym-gateway-release
binary='' url='' prefix=/usr/local root='' service='' verify=yes uninstall=no release_key_file=''

fail() {
    printf 'install.sh: %s\n' "$1" >&2
    exit 1
}

while [ $# -gt 0 ]; do
    case $1 in
    --binary | --url | --prefix | --root | --service | --release-key)
        [ -n "${2-}" ] || fail "$1 needs a value"
        case $1 in
        --binary) binary=$2 ;;
        --url) url=$2 ;;
        --prefix) prefix=${2%/} ;;
        --root) root=${2%/} ;;
        --service) service=$2 ;;
        --release-key) release_key_file=$2 ;;
        esac
        shift
        ;;
    --no-verify) verify=no ;;
    --uninstall) uninstall=yes ;;
    -h | --help)
        usage
        exit 0
        ;;
    *) fail "unknown option $1; see install.sh --help" ;;
    esac
    shift
done

case $prefix in
*[!A-Za-z0-9._/+-]*) fail "--prefix: $prefix may only contain letters, digits and ._/+-" ;;
'' | /*) ;;
*) fail "--prefix: $prefix is not an absolute path" ;;
esac
case $url in
'' | https://*) ;;
*) [ -n "$root" ] || fail "--url: $url is not https: anyone on the way could replace the program" ;;
esac
[ -n "$root" ] || [ "$(id -u)" = 0 ] || fail 'installing a service requires root: use sudo, or --root'

if [ -z "$service" ]; then
    if [ -d "$root/run/systemd/system" ] || [ -d "$root/usr/lib/systemd/system" ] || [ -d "$root/lib/systemd/system" ]; then
        service=systemd
    elif [ -x "$root/sbin/openrc-run" ] || [ -x "$root/usr/sbin/openrc-run" ]; then
        service=openrc
    else
        service=none
    fi
fi
program=$prefix/bin/nym-gateway
manual=$prefix/share/man/man1/nym-gateway.1
case $service in
systemd) unit=nym-gateway.service unit_target=/etc/systemd/system/nym-gateway.service unit_mode=644 ;;
openrc) unit=nym-gateway.openrc unit_target=/etc/init.d/nym-gateway unit_mode=755 ;;
none) unit='' unit_target='' unit_mode='' ;;
*) fail "--service: $service is not systemd, openrc or none" ;;
esac

# enter <folder>: goes into this folder of the root, and creates what is missing. The folders may be links, but not to
# outside of the root: there may be somebody else's image in it.
enter() {
    mkdir -p "$root/"
    cd "$root/"
    top=$(pwd -P)
    for part in $(printf %s "$1" | tr / ' '); do
        [ -d "$part" ] || mkdir "$part" || fail "cannot create $root$1"
        cd -P "$part"
        case $PWD/ in
        "${top%/}"/*) ;;
        *) fail "$root$1 leads out of $root, to $PWD" ;;
        esac
    done
}

# put <file> <mode> [<test>]: standard input becomes this file of the root, once the test accepts it. It is written under
# another name first, so that a running program keeps its file and the file is never incomplete. That name cannot be
# guessed, and a link with the file's name is replaced: nobody can lay a link that leads the writing elsewhere.
put() (
    enter "${1%/*}"
    new=$(mktemp ./.nym-gateway.XXXXXX)
    trap 'rm -f "$new"' EXIT
    trap 'exit 1' HUP INT TERM
    cat >"$new"
    chmod "$2" "$new"
    [ -z "${3-}" ] || "$3" "$new"
    mv -fT "$new" "${1##*/}"
)

# masked <unit>: whether the operator has masked it (systemctl mask)
masked() {
    case $(readlink "$root$1") in
    */dev/null) ;;
    *) return 1 ;;
    esac
}

# put_unit <unit>: like put, unless the unit is masked
put_unit() {
    if masked "$1"; then
        echo "Note: $1 is masked (a link to /dev/null), and stays so." >&2
    else
        put "$1" "$unit_mode"
    fi
}

# scripts: OpenRC's scripts of this machine's nodes, one a line
scripts() {
    # shellcheck disable=SC2086 # patterns
    (cd /etc/init.d && ls -d $SCRIPTS) 2>/dev/null || true # not all of them exist
}

# remove <folder> <pattern>: removes these files of a folder of the root, if that exists
remove() (
    [ -d "$root$1" ] || exit 0
    enter "$1"
    # shellcheck disable=SC2086 # a pattern
    rm -f $2
)

# remove_empty <folder> <name>: removes a folder in a folder of the root, unless it contains files
remove_empty() (
    [ -d "$root$1/$2" ] || exit 0
    enter "$1"
    rmdir "$2" 2>/dev/null || true
)

if [ "$uninstall" = yes ]; then
    if [ -z "$root" ]; then
        case $service in
        systemd)
            ! systemctl is-active --quiet nym-gateway 'nym-gateway@*' 'nym-mixnode@*' 'nym-directory@*' 2>/dev/null ||
                fail "it is running: systemctl stop nym-gateway 'nym-gateway@*' 'nym-mixnode@*' 'nym-directory@*'"
            ;;
        openrc)
            for script in $(scripts); do
                ! rc-service "$script" status >/dev/null 2>&1 || fail "it is running: rc-service $script stop"
            done
            ;;
        esac
    fi
    units=/etc/systemd/system
    # Those in wants and runlevels are the links of an enabled service.
    for name in $UNITS; do
        masked "$units/$name.service" || remove "$units" "$name.service"
        remove "$units/multi-user.target.wants" "$name*.service"
        remove "$units/$name.service.d" "$PAUSES"
        remove_empty "$units" "$name.service.d"
    done
    remove "${program%/*}" nym-gateway
    remove "${manual%/*}" nym-gateway.1
    remove /etc/init.d "$SCRIPTS"
    remove /etc/runlevels/default "$SCRIPTS"
    [ -n "$root" ] || [ "$service" != systemd ] || systemctl daemon-reload 2>/dev/null || true # systemd may not be running
    echo "Removed $program and its service."
    echo "Kept: $STATE with keys, configuration and messages, and the user $USER_NAME."
    exit 0
fi

# Not in /tmp, which may be in memory: with --url, the program is there, too, and a small machine runs the old one.
temporary=$(mktemp -d "${TMPDIR:-/var/tmp}/nym-gateway.XXXXXX")
trap 'rm -rf "$temporary"' EXIT
trap 'exit 1' HUP INT TERM

# fetched <address> <file>: downloads over https only, including redirects, which wget could not promise
fetched() {
    command -v curl >/dev/null || fail 'there is no curl: download the files yourself and use --binary'
    curl --fail --silent --show-error --location --proto "=https${root:+,http}" --proto-redir =https --output "$2" "$1"
}

fetch() {
    fetched "$1" "$2" || fail "cannot download $1"
}

if [ -n "$url" ]; then
    [ -z "$binary" ] || fail 'use either --binary or --url, not both'
    binary=$temporary/${url##*/}
    fetch "$url" "$binary"
    fetch "${url%/*}/SHA256SUMS" "$temporary/SHA256SUMS"
    fetched "${url%/*}/SHA256SUMS.sig" "$temporary/SHA256SUMS.sig" 2>/dev/null || true # whether it must exist is seen below
    [ -z "$unit" ] || fetch "${url%/*}/$unit" "$temporary/$unit"
fi
[ -n "$binary" ] || fail 'use --binary <file> or --url <address>; see install.sh --help'
[ -f "$binary" ] || fail "--binary: there is no file $binary"

here=$(cd "$(dirname "$0")" && pwd)
beside=$(cd "$(dirname "$binary")" && pwd)

# find_file <name>…: prints the path of the first of these files that exists beside the binary or this script
find_file() {
    for name in "$@"; do
        for folder in "$beside" "$here"; do
            [ ! -f "$folder/$name" ] || { echo "$folder/$name" && return; }
        done
    done
    fail "there is no $1 beside the binary or this script"
}

# verified <file> <name>: fails unless SHA256SUMS lists the file under this name with its checksum
verified() {
    expected=$(awk -v name="$2" '$2 == name || $2 == "*" name { print $1; exit }' "$sums")
    [ -n "$expected" ] || fail "$sums does not list $2 (--no-verify installs it anyway)"
    actual=$(sha256sum "$1")
    [ "${actual%% *}" = "$expected" ] || fail "$1 does not match its checksum in $sums; nothing was installed"
}

# signed <file>: fails unless the release key has signed it, if that is known
signed() {
    if [ -n "$release_key_file" ]; then
        key=$(cat "$release_key_file") || fail "--release-key: cannot read $release_key_file"
    elif [ -n "$RELEASE_KEY" ]; then
        key=$RELEASE_KEY
    else
        echo "Note: no release key is known, so who made these files is not verified (--release-key)." >&2
        return
    fi
    if ! command -v ssh-keygen >/dev/null; then
        [ -z "$release_key_file" ] || fail 'there is no ssh-keygen, which verifies the signature; nothing was installed'
        echo 'Note: there is no ssh-keygen, so the signature of SHA256SUMS is not verified.' >&2
        return
    fi
    [ -f "$1.sig" ] || fail "$1 is not signed: there is no $1.sig; nothing was installed"
    printf 'release namespaces="%s" %s\n' "$NAMESPACE" "$key" >"$temporary/signers"
    ssh-keygen -Y verify -f "$temporary/signers" -I release -n "$NAMESPACE" -s "$1.sig" <"$1" >/dev/null 2>&1 ||
        fail "$1.sig is not a signature of $1 by the release key; nothing was installed"
}

# runs <program>: fails unless this program runs on this machine, which is not that of a --root
runs() {
    [ -z "$root" ] || return 0
    said=$("$1" --version 2>&1) || {
        printf '%s\n' "$said" >&2
        fail "$binary does not run on this machine ($(uname -sm)); nothing was installed"
    }
}

# install_template <unit> <what>: makes a template unit from the gateway's; nodes by id are its instances
install_template() {
    case $1 in
    nym-gateway@) command=$program ;;
    *) command="$program $2" ;;
    esac
    sed -e "s/^Description=.*/Description=Nym $2 %i/" -e '/^Environment=NYM_GATEWAY_ID=/d' -e 's/[$]{NYM_GATEWAY_ID}/%i/' \
        -e "s|^\(Exec[A-Za-z]*=\)$program|\1$command|" "$temporary/unit" >"$temporary/template"
    put_unit "$units/$1.service" <"$temporary/template"
}

# install_templates_and_pauses: installs template units for nodes of each kind by id and, on systemd 254 or later,
# growing pauses between restarts, so that a lasting problem does not cause a restart every five seconds for days
install_templates_and_pauses() {
    units=${unit_target%/*}
    install_template nym-gateway@ gateway
    install_template nym-mixnode@ mixnode
    install_template nym-directory@ directory
    version=$(systemctl --version 2>/dev/null | awk 'NR == 1 { print $2 + 0 }')
    [ -z "$root" ] && [ "${version:-0}" -ge 254 ] || return 0
    for name in $UNITS; do
        printf '[Service]\nRestartSteps=8\nRestartMaxDelaySec=120\n' | put "$units/$name.service.d/$PAUSES" 644
    done
}

unit_file=''
[ -z "$unit" ] || unit_file=$(find_file "$unit" "packaging/systemd/$unit" "packaging/openrc/${unit%.openrc}")
if [ "$verify" = yes ]; then
    sums=$(find_file SHA256SUMS)
    signed "$sums"
    verified "$binary" "${binary##*/}"
    [ -z "$unit" ] || verified "$unit_file" "$unit"
fi

put "$program" 755 runs <"$binary"

if [ -z "$root" ] && ! id "$USER_NAME" >/dev/null 2>&1; then
    if command -v useradd >/dev/null; then
        useradd --system --user-group --home-dir "$STATE" --no-create-home --shell /usr/sbin/nologin "$USER_NAME"
    else
        command -v adduser >/dev/null || fail "there is neither useradd nor adduser: create the user $USER_NAME yourself"
        addgroup -S "$USER_NAME" 2>/dev/null || true # it may exist
        adduser -S -D -H -h "$STATE" -s /sbin/nologin -G "$USER_NAME" "$USER_NAME"
    fi
    echo "Created the user $USER_NAME."
fi

if [ -z "$root" ]; then
    "$program" man >"$temporary/manual"
    put "$manual" 644 <"$temporary/manual"
fi

(
    enter "$STATE"
    chmod 700 .
    [ -n "$root" ] || chown "$USER_NAME:$USER_NAME" .
)

if [ -n "$unit" ]; then
    sed "s|/usr/local/bin/nym-gateway|$program|g" "$unit_file" >"$temporary/unit"
    put_unit "$unit_target" <"$temporary/unit"
    [ "$service" != systemd ] || install_templates_and_pauses
fi

echo "Installed $program${unit:+ and $unit_target}; its files are in $STATE."
[ -z "$root" ] || exit 0
case $service in
systemd)
    start='systemctl daemon-reload && systemctl enable --now nym-gateway'
    # A node that was stopped, perhaps since it runs elsewhere now, must stay so.
    restart="systemctl daemon-reload && systemctl try-restart 'nym-gateway*' 'nym-mixnode@*' 'nym-directory@*'"
    ;;
openrc)
    start='rc-update add nym-gateway && rc-service nym-gateway start'
    restart=''
    for script in $(scripts); do restart="${restart:+$restart; }rc-service --ifstarted $script restart"; done
    ;;
none) start="NYM_HOME=$STATE $program run --id gateway    # as the user $USER_NAME" restart='stop it and start it again' ;;
esac
if [ -n "$(ls -d "$STATE"/gateways/* "$STATE"/mixnodes/* "$STATE"/directories/* 2>/dev/null)" ]; then
    printf 'To switch what is running to the new version:\n    %s\n' "$restart"
else
    as_user="su -s /bin/sh $USER_NAME -c 'NYM_HOME=$STATE $program"
    cat <<END
To create a gateway, check that it is ready, and start it:
    $as_user init --id gateway --mix-host <ip> --clients-host <ip> --directory <url>'
    $program check
    $start
To create a mixnode, or a directory; it says how to go on:
    $as_user mixnode init --id <word> --host <ip> --layer <1, 2 or 3> --directory <url>'
    $as_user directory init --id <word> --host <ip>'
END
fi
