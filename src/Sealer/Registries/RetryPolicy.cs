namespace Sealer.Registries;

/// <summary>
/// When and how long to wait before a request is made again: exponential with full jitter, or what the registry asks for
/// in <c>Retry-After</c>. Work that makes progress (a resumed download) begins the count anew.
/// </summary>
public sealed record RetryPolicy
{
    /// <summary>No second attempt.</summary>
    public static RetryPolicy None { get; } = new() { MaxAttempts = 1 };

    /// <summary>Attempts in all, the first included.</summary>
    public int MaxAttempts { get; init; } = 6;

    /// <summary>Attempts in all where nobody listens at the address: seldom worth a long wait.</summary>
    public int MaxConnectAttempts { get; init; } = 2;

    /// <summary>Upper bound of the first wait; it doubles with every attempt.</summary>
    public TimeSpan BaseDelay { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Upper bound of every wait that the registry did not ask for.</summary>
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Waiting in all for one piece of work. A registry that asks for a longer wait is given up at once.</summary>
    public TimeSpan Budget { get; init; } = TimeSpan.FromMinutes(3);
}
