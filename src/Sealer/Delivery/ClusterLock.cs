using System.Globalization;
using System.Security.Cryptography;
using Sealer.Hosts;

namespace Sealer.Delivery;

/// <summary>
/// A cluster's lock: one controller at a time changes a cluster. Kept on one control plane, renewed while it is held, and over
/// by itself where its holder is gone. Its token grows with every holder, and every host refuses one that is lower than it has
/// seen (<see cref="FencedHost"/>). The other control planes hear of it and of its being renewed (<see cref="StandAsync"/>), so that
/// who reaches only one of those does not take it meanwhile.
/// </summary>
public sealed class ClusterLock : IAsyncDisposable
{
    /// <summary>How many claims one host may be ahead of what others know: far more than are made between two looks.</summary>
    internal const long TokenMargin = 1000;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly IHost _host;
    private readonly string _cluster;
    private readonly ClusterLockOptions _options;
    private readonly CancellationTokenSource _lost = new();
    private readonly CancellationTokenSource _over = new();
    private Task _renewing = Task.CompletedTask;
    private IReadOnlyList<IHost> _others = [];
    private SealerException? _why;
    private long _reached;
    private int _warned;
    private int _disposed;

    private ClusterLock(IHost host, string cluster, string id, long token, LockOwner? pushedAside, ClusterLockOptions options)
    {
        (_host, _cluster, Id, Token, PushedAside, _options) = (host, cluster, id, token, pushedAside, options);
        _reached = options.Clock.GetTimestamp();
    }

    /// <summary>The claim's number; each is higher than all before.</summary>
    public long Token { get; }

    /// <summary>Who had it and was pushed aside by force; null where nobody had it.</summary>
    public LockOwner? PushedAside { get; private set; }

    /// <summary>How long nobody had it, or gave it back, before it was taken: by the host's clock, in whole seconds.</summary>
    public TimeSpan Idle { get; private init; }

    /// <summary>Ends when the lock is lost: whoever works under it stops.</summary>
    public CancellationToken Lost => _lost.Token;

    /// <summary>Why it was lost; null while it is held.</summary>
    public SealerException? Why => _why;

    /// <summary>Told once when the host that keeps it cannot be reached: a whole sentence.</summary>
    internal Action<string>? Warn { get; set; }

    /// <summary>The claim's holder.</summary>
    internal string Id { get; }

    /// <summary>Who holds it.</summary>
    internal ControllerProcess Process => _options.Process;

    /// <summary>The claim that was there before, as TOKEN-HOLDER: it is over, whatever other hosts say of it.</summary>
    private string Before { get; init; } = "";

    private ClaimFile? File { get; init; }

    private long Seconds => (long)_options.TimeToLive.TotalSeconds;

    /// <summary>The host that keeps it.</summary>
    internal IHost Host => _host;

    /// <summary>Takes the lock, and renews it until it is given back.</summary>
    /// <param name="host">The control plane that keeps it.</param>
    /// <param name="cluster">The cluster.</param>
    /// <param name="options">How.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>ClusterLocked</c>: somebody has it; and those of <see cref="IHost.RunAsync"/>.</exception>
    public static async Task<ClusterLock> TakeAsync(IHost host, string cluster, ClusterLockOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(cluster);
        options ??= new ClusterLockOptions();
        var id = Convert.ToHexString(RandomNumberGenerator.GetBytes(8)).ToLowerInvariant();
        var file = ClaimFile.Open(options.Folder, id);
        try
        {
            return await TakeAsync(host, cluster, id, options, file, cancellationToken).ConfigureAwait(false);
        }
        catch
        {
            file.Delete();
            throw;
        }
    }

    private static async Task<ClusterLock> TakeAsync(
        IHost host, string cluster, string id, ClusterLockOptions options, ClaimFile file, CancellationToken cancellationToken)
    {
        var over = options.Force ? "*" : "";
        while (true)
        {
            var script = LockScript.Take(cluster, id, options.Process.ToString(), (long)options.TimeToLive.TotalSeconds, options.HighestToken, over);
            var result = await host.RunAsync(new HostCommand(script) { Elevated = true, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
            var words = result.Require($"take the lock of the cluster {cluster}").Output.Trim().Split(' ');
            if (words is ["taken", var token, .. var was])
            {
                // Every host will refuse what is lower: one host's lie must not use up the numbers of all.
                if (!long.TryParse(token, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number <= options.HighestToken || number > options.HighestToken + TokenMargin)
                    throw Broken(host, cluster, result);
                var taken = new ClusterLock(
                    host, cluster, id, number,
                    options.Force && was.Length == 10 && was[9] == "held" && Number(was[2]) < Number(was[3]) ? Owner(was) : null, options)
                {
                    Before = was.Length > 1 ? $"{was[0]}-{was[1]}" : "",
                    File = file,
                    Idle = was is ["0", ..] ? TimeSpan.MaxValue : TimeSpan.FromSeconds(Number(was.ElementAtOrDefault(2) ?? "0")),
                };
                taken._renewing = taken.RenewAsync(taken._over.Token);
                return taken;
            }

            if (words is not ["held", var top, var holder, .. var rest] || Owner(words[1..]) is not { } owner)
                throw Broken(host, cluster, result);
            // One that was killed on this very machine gives nothing back, and will not come back for it either.
            var claim = $"{top}-{holder}";
            if (over != claim && (IsDead(rest) || ClaimFile.IsOver(options.Folder, holder)))
            {
                over = claim;
                continue;
            }

            throw Locked(host, cluster, owner, Number(rest[1]) - Number(rest[0]));
        }
    }

    /// <summary>
    /// Makes it known on the other control planes, as far as they can be reached, and from then on renews it there too. Where one of
    /// them has a claim of somebody else, who could not reach the host that keeps the lock, that one counts as well.
    /// </summary>
    /// <param name="others">The control planes that could keep it in its host's place.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="SealerException"><c>ClusterLocked</c>, <c>ClusterLockLost</c>.</exception>
    public async Task StandAsync(IReadOnlyList<IHost> others, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(others);
        await Task.WhenAll(others.Select(other => StandAtAsync(other, _options.Force ? "*" : Before, cancellationToken))).ConfigureAwait(false);
        _others = others;
    }

    /// <summary>Runs a command on the host that keeps the lock, only where it is held still, and renews it with that.</summary>
    /// <exception cref="SealerException"><c>ClusterLockLost</c>; and those of <see cref="IHost.RunAsync"/>.</exception>
    public async Task<HostCommandResult> RunAsync(HostCommand command, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(command);
        ThrowIfLost();
        var script = $"{LockScript.Renew(_cluster, Id, Token, Seconds)}\n{command.Script}";
        HostCommandResult result;
        try
        {
            result = await _host.RunAsync(command with { Script = script, Elevated = true }, cancellationToken).ConfigureAwait(false);
        }
        catch (SealerException error) when (IsOutOfReach(error))
        {
            Miss(error);
            throw;
        }

        Volatile.Write(ref _reached, _options.Clock.GetTimestamp());
        Volatile.Write(ref _warned, 0);
        if (result.ExitCode != LockScript.Lost || !result.Error.Contains(LockScript.LostMark, StringComparison.Ordinal))
            return result;
        var words = result.Error[result.Error.IndexOf(LockScript.LostMark, StringComparison.Ordinal)..].Split('\n')[0].Trim().Split(' ');
        Lose(words.Length < 2 || words[1] == "late" || Owner(words[2..]) is not { } owner
            ? $"it was not renewed for {Number(words.ElementAtOrDefault(4) ?? "0")} s, longer than it is kept"
            : $"{owner} has taken it");
        throw _why!;
    }

    /// <summary>The host does not answer, which may pass.</summary>
    internal static bool IsOutOfReach(SealerException error) => error.Kind == ErrorKind.Connection || error.Id == "HostCommandTimedOut";

    /// <summary>
    /// Somebody else was on a host with a newer claim. Where all control planes are sure that there is none, it is that host's own
    /// trouble; otherwise the lock is lost.
    /// </summary>
    internal async Task DoubtAsync(string host, string who)
    {
        try
        {
            await RenewAsync().ConfigureAwait(false);
            if ((await Task.WhenAll(_others.Select(other => StandAtAsync(other, "*", CancellationToken.None))).ConfigureAwait(false)).All(stands => stands))
                return;
        }
        catch (SealerException)
        {
            // It is lost, or nobody can say.
        }

        Lose($"{who} has taken over, and has been on {host}");
    }

    /// <summary>Renews it once.</summary>
    /// <exception cref="SealerException"><c>ClusterLockLost</c>; and those of <see cref="IHost.RunAsync"/>.</exception>
    public async Task RenewAsync() => (await RunAsync(new HostCommand(":") { Timeout = Patience }).ConfigureAwait(false)).Require("renew the lock");

    /// <summary>Refuses to go on without it.</summary>
    /// <exception cref="SealerException"><c>ClusterLockLost</c>.</exception>
    public void ThrowIfLost()
    {
        if (_why is { } why)
            throw why;
    }

    /// <summary>Renews it no more, as before the hosts forget of what cluster it is: from here on it lasts as long as it is kept.</summary>
    internal async Task StopRenewingAsync()
    {
        await _over.CancelAsync().ConfigureAwait(false);
        await _renewing.ConfigureAwait(false);
    }

    /// <summary>Gives it back, where it can still be reached.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        await _over.CancelAsync().ConfigureAwait(false);
        await _renewing.ConfigureAwait(false);
        try
        {
            if (_why is null)
            {
                await _host.RunAsync(new HostCommand(LockScript.Release(_cluster, Id, Token, Seconds)) { Elevated = true, Timeout = Patience })
                    .ConfigureAwait(false);
                File?.Delete();
            }
        }
        catch (Exception e) when (e is SealerException or ObjectDisposedException or IOException or UnauthorizedAccessException)
        {
            // The host is gone; the lock ends by itself.
        }

        File?.Dispose();

        await Task.WhenAll(_others.Select(LeaveAsync)).ConfigureAwait(false);

        _lost.Dispose();
        _over.Dispose();
    }

    // That the host cannot be asked for a while is not the end: it is asked again, and says itself when it was too long.
    private async Task RenewAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(_options.RenewEvery, _options.Clock);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken).ConfigureAwait(false))
            {
                try
                {
                    await RenewAsync().ConfigureAwait(false);
                }
                catch (Exception e) when (_why is null && e is not OperationCanceledException)
                {
                }

                await Task.WhenAll(_others.Select(other => StandAtAsync(other, "*", cancellationToken))).ConfigureAwait(false);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SealerException)
        {
            // Over, or lost; who works under it has been told.
        }
    }

    // Whether it stands there now; false where that host cannot be asked.
    private async Task<bool> StandAtAsync(IHost other, string over, CancellationToken cancellationToken)
    {
        while (true)
        {
            string[] words;
            try
            {
                var script = LockScript.Stand(_cluster, Id, _options.Process.ToString(), Seconds, Token, over);
                var result = await other.RunAsync(new HostCommand(script) { Elevated = true, Timeout = Patience }, cancellationToken).ConfigureAwait(false);
                words = result.Output.Trim().Split(' ');
            }
            catch (Exception e) when (e is SealerException or ObjectDisposedException)
            {
                return false;
            }

            if (words is ["stands", .. var was])
            {
                if (_options.Force && was is [.., "held"] && $"{was[0]}-{was[1]}" != Before && Owner(was) is { } aside && was.Length == 10 && Number(was[2]) < Number(was[3]))
                    PushedAside ??= aside;
                return true;
            }

            if (words.Length < 10 || Owner(words[1..]) is not { } owner)
                return false;
            if (words[0] == "held" && over != $"{words[1]}-{words[2]}" && (IsDead(words[6..10]) || ClaimFile.IsOver(_options.Folder, words[2])))
            {
                over = $"{words[1]}-{words[2]}";
                continue;
            }

            if (words[0] == "held")
                throw Locked(other, _cluster, owner, Number(words[4]) - Number(words[3]));
            Lose($"{owner} has taken it on {other.Name}");
            throw _why!;
        }
    }

    private async Task LeaveAsync(IHost other)
    {
        try
        {
            await other.RunAsync(new HostCommand(LockScript.Leave(_cluster, Id, Token, Seconds)) { Elevated = true, Timeout = Patience }).ConfigureAwait(false);
        }
        catch (Exception e) when (e is SealerException or ObjectDisposedException)
        {
            // As with the host that keeps it.
        }
    }

    private void Miss(SealerException error)
    {
        if (_over.IsCancellationRequested)
            return;
        var missed = _options.Clock.GetElapsedTime(Volatile.Read(ref _reached));
        if (missed >= _options.Patience)
        {
            Lose(
                $"{_host.Name} could not be reached for {missed.TotalSeconds:0} s, so that nobody can say whether it is held, nor write down what is done. {error.Message}",
                $"Bring {_host.Name} back and run the same again{(_others.Count > 0 ? $", or make a new plan: {_others[0].Name} has the lock then" : "")}.");
        }
        else if (Interlocked.Exchange(ref _warned, 1) == 0)
        {
            Warn?.Invoke($"{_host.Name}, which keeps the lock and the journal of the cluster {_cluster}, cannot be reached. It is waited for up to {_options.Patience.TotalSeconds:0} s; until then nothing is begun, and what runs goes on.");
        }
    }

    private void Lose(string why, string next = "See what the other has done, then make a new plan.")
    {
        var stop = why.EndsWith('.') ? "" : ".";
        _why ??= new SealerException(
            "ClusterLockLost", ErrorKind.Conflict, $"The lock of the cluster {_cluster} on {_host.Name} is lost: {why}{stop} Nothing more is done. {next}", _cluster);
        if (!_over.IsCancellationRequested)
            _lost.Cancel();
    }

    private static SealerException Broken(IHost host, string cluster, HostCommandResult result) => new(
        "ClusterLockBroken", ErrorKind.InvalidContent,
        $"{host.Name} does not say who has the lock of the cluster {cluster}: {HostText.Shown(result.Output.Trim())}. Look at {DeliveryPaths.Lock(cluster)} there.", host.Name);

    private static SealerException Locked(IHost host, string cluster, LockOwner owner, long left) => new(
        "ClusterLocked", ErrorKind.Conflict,
        $"{owner} works on the cluster {cluster}: it has the lock on {host.Name}, renewed {owner.Age.TotalSeconds:0} s ago. Wait for it; where it is gone, the lock is free in {Math.Max(1, left)} s, or push it aside with -Force.",
        cluster);

    // AGE TTL SINCE NAME MACHINE ID STARTED, or the last four of them.
    private static bool IsDead(string[] words) => words.Length >= 4 && ControllerProcess.Parse(string.Join(' ', words[^4..])) is { } process && process.IsDead();

    // TOKEN HOLDER AGE TTL SINCE NAME MACHINE ID STARTED
    private static LockOwner? Owner(string[] words) =>
        words.Length >= 9 ? LockOwner.Of(words[0], words[2], words[4], words[5..9]) : null;

    private static long Number(string word) => long.TryParse(word, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var n) ? n : 0;
}
