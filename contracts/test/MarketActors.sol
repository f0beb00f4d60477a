// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {MarketFixture} from "./MarketFixture.sol";

/// @title A market with one who asks for proofs and one who makes them.
abstract contract MarketActors is MarketFixture {
    address internal constant REQUESTER = address(0x1001);
    address internal constant WORKER = address(0x1002);
    address internal constant BURN = 0x000000000000000000000000000000000000dEaD;

    function setUp() public virtual {
        vm.warp(1_800_000_000);
        vm.fee(1 gwei);
        deployMarket();
        vm.deal(REQUESTER, 1000 ether);
        enrol(WORKER, 1 ether);
    }

    function posted() internal returns (Posting memory posting) {
        posting = draft(REQUESTER, 7);
        post(posting);
    }

    function claimed() internal returns (Posting memory posting) {
        posting = posted();
        claim(posting, 0, WORKER);
    }
}
