using Sealer.Images.Building.Running;

namespace Sealer.Tests.Images.Building.Running;

public sealed class IdMapTests
{
    [Theory]
    [InlineData("other:100000:65536\nme:165536:65536\n", 165536u)]
    [InlineData("1000:5:6", 5u)]
    public void The_range_of_a_user_is_found_by_name_or_number(string text, uint start) =>
        Assert.Equal(start, IdMap.Granted(text, "me", 1000)!.Start);

    [Theory]
    [InlineData("")]
    [InlineData("me:1")]
    [InlineData("me:-1:5")]
    [InlineData("me:1:0")]
    [InlineData("mean:1:5")]
    public void What_is_no_range_is_none(string text) => Assert.Null(IdMap.Granted(text, "me", 1000));

    [Fact]
    public void Users_of_the_range_have_their_numbers_inside()
    {
        var map = new IdMap(1000, 1000, new IdRange(100000, 10), new IdRange(200000, 10));
        Assert.Equal([0, 1, 10, 0], new[] { 1000u, 100000u, 100009u, 100010u }.Select(map.UserInside));
        Assert.Equal(34, IdMap.Same.UserInside(34));
    }
}
