using System.Net;
using Sealer.Events;

namespace Sealer.Registries.Connections;

/// <summary>Counts the attempts of one piece of work and waits between them.</summary>
internal sealed class RetryBudget(RegistryOptions options)
{
    private int _attempts = 1;
    private TimeSpan _waited;

    /// <summary>The work got on: what comes next is a new piece of work.</summary>
    public void Reset()
    {
        _attempts = 1;
        _waited = TimeSpan.Zero;
    }

    /// <summary>Waits for the next attempt.</summary>
    /// <returns>False where there is to be none.</returns>
    public async Task<bool> WaitAsync(TimeSpan? asked, bool nobodyListens, string reason, CancellationToken cancellationToken)
    {
        var policy = options.Retry;
        if (_attempts >= (nobodyListens ? Math.Min(policy.MaxConnectAttempts, policy.MaxAttempts) : policy.MaxAttempts))
            return false;
        var bound = Math.Min(policy.MaxDelay.TotalMilliseconds, policy.BaseDelay.TotalMilliseconds * Math.Pow(2, _attempts - 1));
        var delay = asked ?? TimeSpan.FromMilliseconds(bound * Random.Shared.NextDouble());
        if (_waited + delay > policy.Budget)
            return false;
        _attempts++;
        _waited += delay;
        options.Events?.Report(new DetailEvent($"{reason}; attempt {_attempts} in {delay.TotalSeconds:0.#} s."));
        await Task.Delay(delay, options.Time, cancellationToken).ConfigureAwait(false);
        return true;
    }

    /// <summary>True for answers that may be other ones in a while.</summary>
    public static bool IsPassing(HttpStatusCode status) => status
        is HttpStatusCode.RequestTimeout
        or HttpStatusCode.TooManyRequests
        or HttpStatusCode.InternalServerError
        or HttpStatusCode.BadGateway
        or HttpStatusCode.ServiceUnavailable
        or HttpStatusCode.GatewayTimeout;

    /// <summary>What <c>Retry-After</c> asks for, in seconds or as a date; null where it asks for nothing.</summary>
    public static TimeSpan? Asked(System.Net.Http.Headers.HttpResponseHeaders headers, DateTimeOffset now)
    {
        if (headers.RetryAfter is not { } wish)
            return null;

        // A date is by the server's clock, which its Date header tells.
        var delay = wish.Delta ?? (wish.Date - (headers.Date ?? now)) ?? TimeSpan.Zero;
        return delay < TimeSpan.Zero ? TimeSpan.Zero : delay;
    }
}
