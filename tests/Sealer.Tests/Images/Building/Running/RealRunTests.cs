using System.Collections.Concurrent;
using Sealer.Images.Building.Running;
using Sealer.Images.Layers;

namespace Sealer.Tests.Images.Building.Running;

/// <summary>Commands run for real, by every runtime, as root and as nobody; needs root, crun, runc, util-linux and busybox-static.</summary>
[Trait("Tier", "parts")]
public sealed class RealRunTests : IDisposable
{
    private const uint Nobody = 65534;
    private readonly TemporaryFolder _folder = new();
    private readonly string _root;
    private string[] _inFront = [];
    private bool _isConfined;

    public RealRunTests()
    {
        _root = Path.Combine(_folder.Path, "rootfs");
        Directory.CreateDirectory(Path.Combine(_root, "bin"));
        // Temporary folders are closed to all but their owner, and some of the runs are another's.
        if (OperatingSystem.IsLinux())
            File.SetUnixFileMode(_folder.Path, (UnixFileMode)0b111_101_101);
        var busybox = new[] { "/bin/busybox", "/usr/bin/busybox" }.FirstOrDefault(File.Exists)
            ?? throw new InvalidOperationException("Install busybox-static.");
        File.Copy(busybox, Path.Combine(_root, "bin/busybox"));
        foreach (var name in new[] { "sh", "id", "cat", "ls", "rm", "mkdir", "chmod", "ln", "sleep", "env", "hostname", "ip", "stat", "chown", "pwd", "wc", "touch" })
            File.CreateSymbolicLink(Path.Combine(_root, "bin", name), "busybox");
        File.WriteAllText(Path.Combine(_root, "old"), "old");
    }

    public static TheoryData<string, bool> Everything => new()
    {
        { "crun", false }, { "crun", true }, { "runc", false }, { "runc", true }, { "unshare", false }, { "unshare", true },
    };

    public void Dispose() => _folder.Dispose();

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_command_sees_the_image_and_what_it_changes_is_the_layer(string runtime, bool asNobody)
    {
        var (changes, output) = await Run(runtime, asNobody, "id; rm /old; mkdir -p a/b; echo hi > a/b/c; chmod 4755 a/b/c; ln -s /x l; ls /proc/1 > /dev/null");

        Assert.Contains(output, l => l.StartsWith("uid=0 gid=0", StringComparison.Ordinal));
        Assert.Equal(["Folder a", "Folder a/b", "File a/b/c", "SymbolicLink l", "Whiteout old"], changes.Select(c => $"{c.Kind} {c.Path}"));
        Assert.Equal(0b100_111_101_101, changes[2].Mode);
        Assert.All(changes, c => Assert.Equal((0, 0), (c.Uid, c.Gid)));
        Assert.Equal("hi\n", await File.ReadAllTextAsync(changes[2].LocalFile!));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_command_sees_nothing_of_the_machine_and_of_the_callers_environment(string runtime, bool asNobody)
    {
        Environment.SetEnvironmentVariable("SEALER_TEST_SECRET", "s3cret");
        var (_, output) = await Run(runtime, asNobody, "env; ls /; ls /..; cat /proc/1/cmdline; echo; ls /proc | wc -l; echo x > /proc/sys/kernel/hostname || echo refused", env: ["A=b c"]);

        Assert.Contains("A=b c", output);
        Assert.Contains("HOME=/root", output);
        Assert.DoesNotContain(output, l => l.Contains("s3cret", StringComparison.Ordinal));
        Assert.DoesNotContain("root", output);
        Assert.DoesNotContain("usr", output);
        Assert.Contains("refused", output);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Variables_of_the_image_that_loaders_obey_reach_no_program_of_the_machine(string runtime, bool asNobody)
    {
        // The loader of a program of the machine would write down what it loads; busybox here is static and has none.
        var (_, output) = await Run(runtime, asNobody, "env; pwd", env: ["LD_DEBUG=files", "TZDIR=/a b", "X=1"]);
        Assert.Contains("LD_DEBUG=files", output);
        Assert.Contains("TZDIR=/a b", output);
        Assert.Contains("X=1", output);
        Assert.Contains("/", output);
        Assert.DoesNotContain(output, line => line.Contains("calling init", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task No_user_of_the_machine_can_read_the_variables_in_the_list_of_processes(string runtime, bool asNobody)
    {
        // Put together here, so that the test's own process does not show it.
        var secret = $"s3c'{Random.Shared.Next(100_000, 999_999)}\n$(x)";
        // It waits until it has been looked at, however late that is: the look ends the wait.
        var wait = $"sleep {Random.Shared.Next(100_000, 999_999)}";
        var seen = "";
        var (_, output) = await Run(
            runtime, asNobody, new RunCommand.Shell($"echo begun; {wait}; env"), env: ["TOKEN=" + secret, "LD_TOKEN=" + secret, "UID=5", "a.b=c d"],
            output: line =>
            {
                if (line != "begun")
                    return;
                seen = CommandLines();
                Kill(wait);
            });
        Assert.Contains(wait, seen, StringComparison.Ordinal);
        Assert.DoesNotContain(secret.Split('\n')[0], seen, StringComparison.Ordinal);
        var told = string.Join('\n', output);
        Assert.Contains("\nTOKEN=" + secret, told, StringComparison.Ordinal);
        Assert.Contains("LD_TOKEN=" + secret, told, StringComparison.Ordinal);
        Assert.Contains("UID=5", output);
        Assert.DoesNotContain(output, line => line.StartsWith("XDG_", StringComparison.Ordinal) || line.StartsWith("MOUNT=", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_command_has_no_terminal_though_its_caller_has_one(string runtime, bool asNobody)
    {
        // script gives each program of the runtime a terminal of its own; what is typed into that would be its caller's.
        var terminal = Path.Combine(_folder.Path, "terminal");
        await File.WriteAllTextAsync(
            terminal,
            """
            quoted=
            for argument; do
              quoted="$quoted '$(printf '%s.' "$argument" | sed "s/'/'\\\\''/g")"
              quoted="${quoted%.}'"
            done
            exec script -qec "exec $quoted" /dev/null
            """);
        _inFront = ["sh", terminal];
        var (changes, _) = await Run(runtime, asNobody, "if (: < /dev/tty); then echo open; else echo closed; fi > /result");
        Assert.Equal("closed\n", await File.ReadAllTextAsync(Assert.Single(changes).LocalFile!));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_confined_program_gains_no_rights_and_roots_has_a_user_namespace(string runtime, bool asNobody)
    {
        const string Command = "cat /proc/self/uid_map; busybox grep NoNewPrivs /proc/self/status";
        _isConfined = true;
        var (_, output) = await Run(runtime, asNobody, Command);
        Assert.Equal(["0", asNobody ? Nobody.ToString(System.Globalization.CultureInfo.InvariantCulture) : "0", "1"], output[0].Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal("NoNewPrivs:\t1", output[1]);
        _isConfined = false;
        (_, output) = await Run(runtime, asNobody, Command);
        Assert.Equal("NoNewPrivs:\t0", output[1]);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_command_sees_no_cgroups_of_the_machine(string runtime, bool asNobody)
    {
        var (_, output) = await Run(runtime, asNobody, "ls -A /sys/fs/cgroup; mkdir /sys/fs/cgroup/x 2>/dev/null; ls -A /sys/fs/cgroup; echo done");
        Assert.Equal(["done"], output);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Exit_code_place_and_last_output_are_in_the_error(string runtime, bool asNobody)
    {
        var e = await Assert.ThrowsAsync<SealerException>(() => Run(runtime, asNobody, "echo one; echo two >&2; exit 7"));
        Assert.Equal("RunFailed", e.Id);
        Assert.Contains("Kubefile:7:1", e.Message, StringComparison.Ordinal);
        Assert.Contains("exit code 7", e.Message, StringComparison.Ordinal);
        Assert.Contains("two", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_program_that_is_not_there_is_the_commands_fault(string runtime, bool asNobody)
    {
        var e = await Assert.ThrowsAsync<SealerException>(() => Run(runtime, asNobody, new RunCommand.Exec(["/no/such/program", "x"])));
        Assert.Equal("RunFailed", e.Id);
        Assert.Contains("cannot be begun", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task The_exec_form_knows_no_shell(string runtime, bool asNobody)
    {
        var (_, output) = await Run(runtime, asNobody, new RunCommand.Exec(["busybox", "echo", "$HOME && x"]), env: ["PATH=/bin"]);
        Assert.Equal(["$HOME && x"], output);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_script_runs_by_the_interpreter_it_names_and_leaves_no_trace(string runtime, bool asNobody)
    {
        var (changes, output) = await Run(runtime, asNobody, new RunCommand.Script("#!/bin/busybox sh\necho $0\n"));
        Assert.Equal(["/dev/sealer-run"], output);
        Assert.Empty(changes);
        (_, output) = await Run(runtime, asNobody, new RunCommand.Script("echo plain\n"));
        Assert.Equal(["plain"], output);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Without_network_there_is_loopback_alone_and_with_it_the_machines_names(string runtime, bool asNobody)
    {
        var (_, none) = await Run(runtime, asNobody, "ls /sys/class/net; cat /etc/hosts", network: RunNetwork.None);
        Assert.Equal("lo", none[0]);
        Assert.Contains("127.0.0.1 localhost", none);
        var (changes, host) = await Run(runtime, asNobody, "ls /sys/class/net; cat /etc/resolv.conf > /copy; echo x 2>/dev/null >> /etc/hosts || true");
        Assert.Equal(Directory.GetDirectories("/sys/class/net").Select(Path.GetFileName).Order(), host.Order());
        Assert.Equal("copy", Assert.Single(changes).Path);
        Assert.Equal(await File.ReadAllTextAsync("/etc/resolv.conf"), await File.ReadAllTextAsync(changes[0].LocalFile!));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task The_working_folder_is_where_it_begins(string runtime, bool asNobody)
    {
        Directory.CreateDirectory(Path.Combine(_root, "it's here"));
        var (_, output) = await Run(runtime, asNobody, new RunCommand.Shell("pwd"), workingFolder: "/it's here");
        Assert.Equal(["/it's here"], output);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Cancelled_it_ends_with_everything_it_began(string runtime, bool asNobody)
    {
        using var cancel = new CancellationTokenSource();
        var marker = $"98{Random.Shared.Next(1000, 9999)}";
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Run(
            runtime, asNobody, new RunCommand.Shell($"sleep {marker} & echo begun; sleep {marker}"), output: l => cancel.Cancel(), cancellationToken: cancel.Token));
        Assert.DoesNotContain(marker, CommandLines(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task What_it_leaves_running_ends_with_it(string runtime, bool asNobody)
    {
        var marker = $"97{Random.Shared.Next(1000, 9999)}";
        await Run(runtime, asNobody, $"sleep {marker} & echo begun");
        Assert.DoesNotContain(marker, CommandLines(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task An_image_whose_etc_is_a_link_to_outside_changes_nothing_there(string runtime, bool asNobody)
    {
        var outside = Directory.CreateDirectory(Path.Combine(_folder.Path, "outside")).FullName;
        File.CreateSymbolicLink(Path.Combine(_root, "etc"), outside);
        await Run(runtime, asNobody, "cat /etc/hosts");
        Assert.Empty(Directory.EnumerateFileSystemEntries(outside));
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task A_command_that_makes_a_link_of_etc_has_nothing_taken_away_behind_it(string runtime, bool asNobody)
    {
        var outside = Directory.CreateDirectory(Path.Combine(_folder.Path, "outside")).FullName;
        await File.WriteAllTextAsync(Path.Combine(outside, "hosts"), "");
        await File.WriteAllTextAsync(Path.Combine(outside, "resolv.conf"), "");
        await Run(runtime, asNobody, $"busybox mv /etc /y; ln -s {outside} /etc");
        Assert.Equal(2, Directory.EnumerateFileSystemEntries(outside).Count());
    }

    [Theory]
    [MemberData(nameof(Everything))]
    public async Task Files_closed_to_everybody_are_in_the_layer_all_the_same(string runtime, bool asNobody)
    {
        var (changes, _) = await Run(runtime, asNobody, "mkdir /d; echo s > /d/shadow; chmod 0 /d/shadow /d");
        Assert.Equal([("d", 0), ("d/shadow", 0)], changes.Select(c => (c.Path, c.Mode)));
    }

    [Theory]
    [InlineData("runc")]
    [InlineData("unshare")]
    public async Task Somebody_with_a_range_in_subuid_has_more_users_inside_and_can_read_and_delete_their_files(string runtime)
    {
        const string Range = "3000000-3065535";
        await Exec("usermod", "--add-subuids", Range, "--add-subgids", Range, "daemon");
        try
        {
            await Exec("chown", "-R", "daemon:daemon", _root);
            string[] user = ["setpriv", "--reuid=1", "--regid=1", "--clear-groups"];
            var options = new RunExecutorOptions { Runtimes = [runtime], Identity = new RunIdentity(1, 1, user) };
            var changes = await new RunExecutor(options).RunAsync(
                new RunRequest
                {
                    RootFolder = _root,
                    Command = new RunCommand.Shell("mkdir /d; echo s > /d/f; chmod 0600 /d/f; chown 33:34 /d/f; chmod 700 /d; chown 33:33 /d"),
                },
                CancellationToken.None);

            Assert.Equal([("d", 33L, 33L), ("d/f", 33L, 34L)], changes.Select(c => (c.Path, c.Uid, c.Gid)));
            await Exec("setpriv", [.. user[1..], "sh", "-c", $"cat {_root}/d/f && rm -r {_root}/d"]);
        }
        finally
        {
            await Exec("usermod", "--del-subuids", Range, "--del-subgids", Range, "daemon");
        }
    }

    [Fact]
    public async Task Where_one_runtime_cannot_the_next_does()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder.Path, "crun"), "#!/bin/sh\nexit 1\n");
        var executor = new RunExecutor(new RunExecutorOptions { Runtimes = ["no-such", "crun", "runc", "unshare"] });
        var changes = await executor.RunAsync(
            new RunRequest { RootFolder = _root, Command = new RunCommand.Shell("touch /done") }, CancellationToken.None);
        Assert.Equal("done", Assert.Single(changes).Path);
    }

    [Fact]
    public async Task Endless_lines_do_not_fill_the_memory_and_are_told_in_pieces()
    {
        var (_, output) = await Run("runc", false, "busybox dd if=/dev/zero bs=1024 count=64 2>/dev/null");
        Assert.Equal(8, output.Count);
    }

    private async Task<(IReadOnlyList<LayerEntry> Changes, List<string> Output)> Run(
        string runtime, bool asNobody, string command, RunNetwork network = RunNetwork.Host, IReadOnlyList<string>? env = null) =>
        await Run(runtime, asNobody, new RunCommand.Shell(command), network, env);

    private async Task<(IReadOnlyList<LayerEntry> Changes, List<string> Output)> Run(
        string runtime,
        bool asNobody,
        RunCommand command,
        RunNetwork network = RunNetwork.Host,
        IReadOnlyList<string>? env = null,
        string workingFolder = "/",
        Action<string>? output = null,
        CancellationToken cancellationToken = default)
    {
        var lines = new ConcurrentQueue<string>();
        var request = new RunRequest
        {
            RootFolder = _root,
            Command = command,
            Env = env ?? [],
            Network = network,
            WorkingFolder = workingFolder,
            Place = "Kubefile:7:1",
            IsConfined = _isConfined,
            Output = l =>
            {
                lines.Enqueue(l);
                output?.Invoke(l);
            },
        };
        var options = new RunExecutorOptions { Runtimes = [runtime], Identity = Identity(runtime, asNobody) };
        if (asNobody)
            await Exec("chown", "-R", $"{Nobody}:{Nobody}", _root);
        return (await new RunExecutor(options).RunAsync(request, cancellationToken), [.. lines]);
    }

    // crun refuses a machine with cgroups of both versions, as some test machines are; it is shown the second alone.
    private RunIdentity Identity(string runtime, bool asNobody)
    {
        string[] cgroups = runtime == "crun"
            ? ["unshare", "--mount", "sh", "-c", "umount -R /sys/fs/cgroup 2>/dev/null; mount -t cgroup2 none /sys/fs/cgroup; exec \"$@\"", "cgroups"]
            : [];
        string[] user = asNobody ? ["setpriv", $"--reuid={Nobody}", $"--regid={Nobody}", "--clear-groups"] : [];
        return new RunIdentity(asNobody ? Nobody : 0, asNobody ? Nobody : 0, [.. cgroups, .. user, .. _inFront]);
    }

    private static string CommandLines() => string.Join('\n', Directory.EnumerateDirectories("/proc")
        .Select(p => Path.Combine(p, "cmdline"))
        .Select(p =>
        {
            try
            {
                return File.Exists(p) ? File.ReadAllText(p) : "";
            }
            catch (IOException)
            {
                return "";
            }
        }));

    private static void Kill(string command)
    {
        var line = command.Replace(' ', '\0') + '\0';
        while (true)
        {
            foreach (var process in System.Diagnostics.Process.GetProcessesByName(command.Split(' ')[0]))
            {
                using (process)
                {
                    if (File.ReadAllText($"/proc/{process.Id}/cmdline") == line)
                    {
                        process.Kill();
                        return;
                    }
                }
            }
            Thread.Sleep(10);
        }
    }

    private static async Task Exec(string program, params string[] arguments)
    {
        using var process = System.Diagnostics.Process.Start(program, arguments);
        await process.WaitForExitAsync();
        Assert.Equal(0, process.ExitCode);
    }
}
